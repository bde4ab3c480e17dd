"""
The parts of `StoreContract`, by what they are about.
"""
