"""
The promises of a delivery queue, for every back end.
"""

from __future__ import annotations

from webhook_engine.testing.delivery_queue.claiming import ClaimingContract
from webhook_engine.testing.delivery_queue.fences import FencesContract
from webhook_engine.testing.delivery_queue.holding import HoldingContract
from webhook_engine.testing.delivery_queue.operators import OperatorsContract
from webhook_engine.testing.delivery_queue.order import OrderContract
from webhook_engine.testing.delivery_queue.putting import PuttingContract
from webhook_engine.testing.delivery_queue.settling import SettlingContract


class DeliveryQueueContract(
    PuttingContract,
    ClaimingContract,
    FencesContract,
    SettlingContract,
    OrderContract,
    HoldingContract,
    OperatorsContract,
):
    """
    To be inherited by the test class of a back end, which gives it an empty `queue` as a fixture.

    Its settings are the defaults, save that a delivery whose claim crashed a second
    time waits for `SOON_S` at the most.
    """
