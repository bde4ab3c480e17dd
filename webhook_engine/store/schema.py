"""
Which schema a store has, and how it comes to this version's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD: Final = "0009"
"""The schema that this version works on; told here so that opening a store does not load Alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """
    Bring the store to `HEAD`, inside the connection's transaction.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic's configuration gives % a meaning of its own.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
