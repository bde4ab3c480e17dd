"""
Batches of contacts to an XML API: what it refuses is halved until the wrong row is found.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.cli.lines import WrongLine
from webhook_engine.errors import ActionRefused, TransportError, UnsafeValue
from webhook_engine.xml_api.faults import DatabaseFailed, IncorrectParameters, NotOfTenant
from webhook_engine.xml_api.feeding import FedContact, e164_of
from webhook_engine.xml_api.inputs import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webhook_engine.cli.contacts_csv import CsvContact
    from webhook_engine.xml_api import Client

_FIELDS: Final = plan_of(FedContact)[0].inputs
_TRIES: Final = 5
_WAIT_S: Final = 0.5
_STRANGERS: Final = 20
"""So many refused before any was accepted, and it is not the contacts that are wrong."""


class NothingAccepted(ActionRefused):
    """
    All contacts at the beginning of a file were refused, each by itself.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """
    Where contacts go, and how.
    """

    campaign: str
    list_name: str
    priority: int | None
    data_source: str

    country: str | None
    """Of the tenant, where numbers are to be looked at before they are sent."""


class Feeder:
    """
    Feeds one list of one campaign.
    """

    def __init__(
        self, client: Client, destination: Destination, *, run: str, refuse: Callable[[WrongLine], None]
    ) -> None:
        """
        Args:
            run: Part of every batch's idempotency key: within a run, nobody is fed twice.

            refuse: Told of each row that is refused.
        """
        self._client, self._to = client, destination
        self._run, self._refuse = run, refuse
        self.accepted = 0
        self.refused = 0

    async def feed(self, batch: Sequence[CsvContact]) -> None:
        """
        Feed what of a batch is right.

        Raises:
            NothingAccepted: All there were until now are refused.
            WebhookEngineError: The API does not answer, or refuses for another reason than its contacts.
        """
        right = []
        for each in batch:
            problem = wrong_in(each, self._to.country)
            if problem:
                self._refused(WrongLine(each.line, problem))
            else:
                right.append(each)
        if right:
            await self._some(right)

    async def _some(self, batch: Sequence[CsvContact]) -> None:
        try:
            self.accepted += await self._sent(batch)
        except (IncorrectParameters, NotOfTenant, UnsafeValue) as error:
            if len(batch) == 1:
                self._refused(WrongLine(batch[0].line, str(error)), by_api=True)
                return
            half = len(batch) // 2
            await self._some(batch[:half])
            await self._some(batch[half:])

    async def _sent(self, batch: Sequence[CsvContact]) -> int:
        """
        With a key of its own, a batch can be sent again whatever became of it.
        """
        wait_s = _WAIT_S
        for left in reversed(range(_TRIES)):
            try:
                return await self._client.feed(
                    [each.fields for each in batch],
                    campaign=self._to.campaign,
                    list_name=self._to.list_name,
                    priority=self._to.priority,
                    data_source=self._to.data_source,
                    idempotency_key=self._key(batch),
                )
            except (TransportError, DatabaseFailed):
                if not left:
                    raise
                await asyncio.sleep(wait_s)
                wait_s *= 2
        raise AssertionError("the last try returns or raises")

    def _key(self, batch: Sequence[CsvContact]) -> str:
        digest = hashlib.sha256(self._run.encode())
        for each in batch:
            digest.update(f"\0{each.line}\0{sorted(each.fields.items())}".encode(errors="surrogatepass"))
        return f"feed-{digest.hexdigest()[:40]}"

    def refuse(self, wrong: WrongLine) -> None:
        """
        A row that is no contact.
        """
        self._refused(wrong)

    def _refused(self, wrong: WrongLine, *, by_api: bool = False) -> None:
        self.refused += 1
        self._refuse(wrong)
        if by_api and not self.accepted and self.refused >= _STRANGERS:
            raise NothingAccepted(
                f"the first {self.refused} contacts were all refused: is there a campaign {self._to.campaign!r} "
                f"with a list {self._to.list_name!r}, and are numbers written as in its country?"
            )


def wrong_in(contact: CsvContact, country: str | None) -> str:
    """
    What is wrong with a contact, as far as it can be known before it is sent; "" where nothing is.
    """
    for each in _FIELDS:
        value = contact.fields.get(each.input.name, "")
        try:
            each.value(value)
        except IncorrectParameters:
            return f"{each.input.name} is {'missing' if not value else 'too long'}"
    number = contact.fields["PhoneNumber"]
    try:
        e164_of(number, country)
    except IncorrectParameters:
        return f"PhoneNumber {number[:40]!r} cannot be dialled"
    return ""
