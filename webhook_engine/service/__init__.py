"""
The engine over HTTP.
"""
