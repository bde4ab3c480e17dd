"""
The whole line on a bundled CRM: calls go in, requests go out, tables come back.
"""
