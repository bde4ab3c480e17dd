"""
Definitions made ready for calls: every template and expression is read once, here.
"""
