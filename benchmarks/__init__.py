"""
What the engine costs beside the least that the same work can cost.
"""
