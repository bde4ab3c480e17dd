"""
What makes a program of the engine: its log lines, its definitions as they change, its agents' screens across a restart.
"""
