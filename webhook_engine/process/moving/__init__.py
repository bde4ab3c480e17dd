"""
An installation on SQLite files, moved into a PostgreSQL database.
"""

from webhook_engine.process.moving.move import Moved, move

__all__ = ["Moved", "move"]
