"""
What the project's own tests and those of its users share.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.testing.queue_contract import DeliveryQueueContract
    from webhook_engine.testing.store_contract import StoreContract

__all__ = ["DeliveryQueueContract", "StoreContract"]


def __getattr__(name: str) -> object:
    # pytest is only there where tests run.
    if name == "DeliveryQueueContract":
        from webhook_engine.testing.queue_contract import DeliveryQueueContract

        return DeliveryQueueContract
    if name == "StoreContract":
        from webhook_engine.testing.store_contract import StoreContract

        return StoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
