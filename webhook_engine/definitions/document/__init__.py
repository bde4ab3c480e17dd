"""
The document: its shape, and how a file is read into it.
"""
