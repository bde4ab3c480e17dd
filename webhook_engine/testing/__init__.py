"""
What the project's own tests and those of its users share.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.testing.queue_contract import DeliveryQueueContract
    from webhook_engine.testing.rehearsal import rehearse, rehearse_now
    from webhook_engine.testing.store_contract import StoreContract
    from webhook_engine.testing.target import FakeTarget

__all__ = ["DeliveryQueueContract", "FakeTarget", "StoreContract", "rehearse", "rehearse_now"]


def __getattr__(name: str) -> object:
    # Each loads what it needs when it is first asked for: pytest is only there where tests run.
    if name in ("rehearse", "rehearse_now"):
        from webhook_engine.testing import rehearsal

        return getattr(rehearsal, name)
    if name == "FakeTarget":
        from webhook_engine.testing.target import FakeTarget

        return FakeTarget
    if name == "DeliveryQueueContract":
        from webhook_engine.testing.queue_contract import DeliveryQueueContract

        return DeliveryQueueContract
    if name == "StoreContract":
        from webhook_engine.testing.store_contract import StoreContract

        return StoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
