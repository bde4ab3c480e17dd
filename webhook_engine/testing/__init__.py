"""
What the project's own tests and those of its users share.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.testing.queue_contract import DeliveryQueueContract

__all__ = ["DeliveryQueueContract"]


def __getattr__(name: str) -> object:
    # pytest is only there where tests run.
    if name == "DeliveryQueueContract":
        from webhook_engine.testing.queue_contract import DeliveryQueueContract

        return DeliveryQueueContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
