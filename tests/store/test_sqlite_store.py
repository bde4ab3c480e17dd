"""
The store on SQLite keeps the promises of every store.
"""

from webhook_engine.testing.store_contract import StoreContract


class TestSqliteStore(StoreContract):
    """
    The SQLite store keeps the store's promises.
    """
