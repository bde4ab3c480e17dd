"""
Webhook variables, templating and dispatch for call centres.
"""
