"""
`feed`: a CSV file of contacts into a list of a campaign.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from webhook_engine.cli.console import complain, counted, out
from webhook_engine.cli.emit import Progress
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.reaching import URL, Authorities, InsecureHttp, KeyFile, Tenant, Url, client

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from webhook_engine.cli.contacts_csv import CsvContact
    from webhook_engine.cli.feeder import Destination
    from webhook_engine.cli.feeding_journal import Feeding, Journal
    from webhook_engine.cli.lines import WrongLine
    from webhook_engine.xml_api import Client

_BATCH: Final = 500
"""Contacts in one request."""


def feed(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Contacts as CSV; the first line names the columns: FirstName, PhoneNumber, Surname …",
            show_default=False,
        ),
    ],
    tenant: Tenant,
    campaign: Annotated[str, typer.Option(metavar="NAME", help="Who dials them.", show_default=False)],
    list_: Annotated[
        str, typer.Option("--list", metavar="NAME", help="A list of the campaign.", show_default=False)
    ],
    priority: Annotated[
        int | None,
        typer.Option(min=1, max=10, help="1, dialled first, to 10; 5 where left out.", show_default=False),
    ] = None,
    data_source: Annotated[str, typer.Option(metavar="TEXT", help="Your own reference.")] = "",
    country: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="Such as ZA: numbers are looked at before they are sent.", show_default=False
        ),
    ] = None,
    url: Url = URL,
    api_key_file: KeyFile = None,
    ca_file: Authorities = None,
    insecure_http: InsecureHttp = False,
) -> None:
    """
    Feed contacts into a list of a campaign through the XML API. A refused row is told by its line, the others go in.

    Where it was interrupted, the same command goes on, and nobody is fed twice: FILE.feeding keeps how far it came.

    Example:  webhook-engine feed contacts.csv --tenant Euphoria --campaign SalesCampaign --list March
    """
    from webhook_engine.cli.feeder import Destination
    from webhook_engine.cli.feeding_journal import Journal

    asked = client(url, tenant, key_file=api_key_file, authorities=ca_file, insecure_http=insecure_http)
    to = Destination(
        campaign=campaign, list_name=list_, priority=priority, data_source=data_source, country=country
    )
    done = run(_fed(file, asked, Journal(file, f"{url} {tenant} {to}"), to))
    out().print(f"{counted(done.accepted, 'contact')} fed, {done.refused:,} refused", markup=False)
    raise typer.Exit(Exit.FINDINGS if done.refused else Exit.OK)


async def _fed(file: Path, asked: Client, journal: Journal, to: Destination) -> Feeding:
    from webhook_engine.cli.contacts_csv import ContactsFile, CsvContact
    from webhook_engine.xml_api.client import CONTACT_FIELDS

    with ExitStack() as opened:
        stream, size = _open(file, opened)
        rows = ContactsFile(stream, str(file), CONTACT_FIELDS)
        advance = opened.enter_context(Progress(size)).advance
        async with asked as ready:
            feeding = _Course(ready, journal, str(file), to)
            advance_to = _Position(stream, advance)
            batch: list[CsvContact] = []
            for each in rows:
                if each.line <= feeding.state.line:
                    continue
                if isinstance(each, CsvContact):
                    batch.append(each)
                else:
                    feeding.refuse(each)
                if len(batch) >= _BATCH:
                    await feeding.take(batch)
                    advance_to.now()
                    batch = []
            await feeding.take(batch)
    journal.end()
    return feeding.state


class _Course:
    """
    A feed on its way, written down batch by batch.
    """

    def __init__(self, ready: Client, journal: Journal, name: str, to: Destination) -> None:
        from webhook_engine.cli.feeder import Feeder

        self._journal, self._name = journal, name
        self.state = journal.begin()
        self._feeder = Feeder(ready, to, run=self.state.run, refuse=self._tell)
        self._feeder.accepted = self.state.accepted
        self._feeder.refused = self.state.refused

    async def take(self, batch: list[CsvContact]) -> None:
        """
        Feeds a batch and writes down that it did.
        """
        if batch:
            await self._feeder.feed(batch)
        line = max([self.state.line, *(each.line for each in batch)])
        self.state = replace(
            self.state, line=line, accepted=self._feeder.accepted, refused=self._feeder.refused
        )
        self._journal.write(self.state)

    def refuse(self, wrong: WrongLine) -> None:
        """
        A row that is no contact.
        """
        self._feeder.refuse(wrong)

    def _tell(self, wrong: WrongLine) -> None:
        complain(f"{self._name}:{wrong.line}: {wrong.message}")


class _Position:
    """
    How far the file has been read, as its progress bar knows it.
    """

    def __init__(self, stream: TextIO, advance: Callable[[int], None]) -> None:
        self._raw, self._advance, self._seen = stream.buffer, advance, 0

    def now(self) -> None:
        """
        Tells how much was read since this was last asked.
        """
        position = self._raw.tell()
        self._advance(position - self._seen)
        self._seen = position


def _open(file: Path, opened: ExitStack) -> tuple[TextIO, int]:
    try:
        return opened.enter_context(file.open(encoding="utf-8-sig", newline="")), file.stat().st_size
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
