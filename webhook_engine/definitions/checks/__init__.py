"""
What must hold between the keys of a definition, and between definitions.
"""
