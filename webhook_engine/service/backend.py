"""
What the service needs of an engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.performing import PerformerReport
    from webhook_engine.pops import PopBoard
    from webhook_engine.queue import Delivery, DeliveryQueue
    from webhook_engine.responses import AgentView
    from webhook_engine.variables import CallContext, CallEvent


class Backend(Protocol):
    """
    An `Engine`, or what an application puts in front of one.
    """

    @property
    def definitions(self) -> Definitions:
        """
        Those in force.
        """

    @property
    def secrets(self) -> SecretStore:
        """
        Where the keys and passwords of its definitions are.
        """

    @property
    def pops(self) -> PopBoard:
        """
        What agents have before them; the same board for the whole life of the service.
        """

    @property
    def queue(self) -> DeliveryQueue | None:
        """
        Where durable deliveries wait; None where there is none, or none is open.
        """

    async def notify_all(self, events: Sequence[CallEvent]) -> tuple[tuple[Delivery, ...], ...]:
        """
        Takes all events or none, and returns when their durable deliveries are on the disk.
        """

    async def ask(self, webhook: str, call: CallContext) -> AgentView:
        """
        What an agent sees of a target system's answer.
        """

    def open(self, webhook: str, call: CallContext) -> str:
        """
        The address to open in the agent's browser.
        """

    async def resume(self, webhook: str) -> int:
        """
        Lets deliveries go that are kept back because their target was gone.
        """

    def report(self) -> PerformerReport | None:
        """
        What is under way; None where nothing is performed.
        """
