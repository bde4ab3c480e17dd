"""
`record-test`: a delivery, or all that an event started, as a test.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from webhook_engine.cli.in_force import Against, in_force
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of
from webhook_engine.cli.operated import operated
from webhook_engine.cli.told import told
from webhook_engine.errors import NotFound, QueueError
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.queue import AttemptReport, DeliveryReport
    from webhook_engine.testing.retelling import Retold

_CHAINED: Final = re.compile(r"(?P<event>.*)>[0-9a-f]{32}", re.DOTALL)


@told
def record_test(
    settings: Settings,
    delivery: Annotated[
        str, typer.Argument(metavar="ID", help="A delivery's, or a recorded event's.", show_default=False)
    ],
    against: Against = None,
    append: Annotated[
        Path | None,
        typer.Option(
            "--append",
            metavar="FILE",
            help="Put it at the end of a definitions file; standard output where left out.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the test is called.", show_default=False)] = "",
) -> None:
    """
    Write what happened as a test that holds by the definitions in force: the event, what the target systems
    answered, and the requests that are expected. A comment says what was left out; secrets are stood for by name.

    Example:  webhook-engine record-test 376330663561353200000000e3762941024f445c8026b1073dc08af1 --append tests.toml
    """
    text = run(_retold(settings, delivery, against, append, name)).text()
    if append is not None:
        _append(append, text)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()


async def _retold(
    settings: Settings, delivery: str, against: Path | None, append: Path | None, name: str
) -> Retold:
    from webhook_engine.testing.replay import Recorded
    from webhook_engine.testing.retelling import Meant, retell

    definitions = await in_force(settings, against)
    taken = _names(append) if append is not None else []
    report = await _delivery(settings, delivery)
    document, sent = await _known(settings, definitions, report, delivery)
    if document is None:
        raise BadInput(f"there is no delivery {delivery!r}, and no event of that id is recorded")
    meant = None
    if report is not None:
        meant = Meant(webhook=report.webhook, event_id=report.event_id, sent=sent)
    recorded = Recorded.from_json(document)
    return await retell(definitions, recorded, meant=meant, name=name, taken=taken)


# --- What is known -------------------------------------------------------------------------------------


async def _delivery(settings: Settings, delivery: str) -> DeliveryReport | None:
    try:
        async with operated(settings) as deliveries:
            return await deliveries.show(delivery)
    except (NotFound, QueueError):
        return None


async def _known(
    settings: Settings, definitions: Definitions, report: DeliveryReport | None, delivery: str
) -> tuple[dict[str, object] | None, dict[str, Any]]:
    """
    The event with what was answered, and the delivery's request; both without secrets.

    The event is out of the recorded calls, and of the delivery.
    """
    from webhook_engine.dispatch import LocalSecrets
    from webhook_engine.hiding import Hiding
    from webhook_engine.store import Store

    event_id = delivery if report is None else _event_id(report)
    async with open_store_or_service(settings) as store:
        tenant = await tenant_of(store, settings)
        kept = await store.recordings.of_event(tenant, event_id)
        if report is None:
            return None if kept is None else dict(kept), {}
        folder = definitions.folder
        # A running process gives nobody the secrets of its vault; it has hidden them in what it recorded.
        secrets = (
            store.secrets(tenant, folder=folder) if isinstance(store, Store) else LocalSecrets(folder=folder)
        )
        hiding = Hiding(secrets)
        hiding.reveal(definitions)
        document = dict(kept or _event_of(report, event_id))
        document["responses"] = _responses(report, document.get("responses"))
        # An attempt hides what its own webhook proves itself with; the call may hold another one's secret.
        return hiding.texts(document), hiding.texts(_sent(report))


def _event_of(report: DeliveryReport, event_id: str) -> dict[str, object]:
    event = report.reference.get("event")
    if not isinstance(event, dict):
        raise BadInput(f"delivery {report.id} does not hold its event any more")
    return {**event, "id": event_id}


def _event_id(report: DeliveryReport) -> str:
    """
    The id of the event that it goes back to, by however many responses.
    """
    event = report.reference.get("event")
    if isinstance(event, dict) and "id" in event:
        return str(event["id"])
    chained = _CHAINED.fullmatch(report.event_id)
    return report.event_id if chained is None else chained["event"]


def _responses(report: DeliveryReport, recorded: object) -> dict[str, object]:
    """
    What is recorded, and of the delivery itself what stands in its attempts where that is more.
    """
    found: dict[str, object] = dict(recorded) if isinstance(recorded, dict) else {}
    own = [answer for each in report.records if (answer := _answer(each)) is not None]
    if own and (report.webhook not in found or not any("left_out" in each for each in own)):
        found[report.webhook] = own
    return found


def _answer(record: AttemptReport) -> dict[str, object] | None:
    from webhook_engine.performing.recorded import fault_named

    response, error = record.detail.get("response"), record.detail.get("error")
    if isinstance(response, dict):
        told = {key: response[key] for key in ("status", "headers", "body") if key in response}
        # Its beginning alone, or no text: neither is what was answered.
        return told | ({"left_out": "not kept in full"} if "sha256" in response else {})
    fault = fault_named(str(error.get("kind"))) if isinstance(error, dict) else None
    return None if fault is None else {"fault": str(fault)}


def _sent(report: DeliveryReport) -> dict[str, Any]:
    requests = [each.detail["request"] for each in report.records if "request" in each.detail]
    first = requests[0] if requests else None
    return dict(first) if isinstance(first, dict) else {}


# --- Where it goes -------------------------------------------------------------------------------------


def _names(file: Path) -> list[str]:
    """
    What the tests of a file are called.

    Raises:
        BadInput: It is no definitions file, or one to which no [[test]] can be added.
    """
    if not file.exists():
        return []
    try:
        text = file.read_text(encoding="utf-8-sig")
        tests = tomllib.loads(text).get("test", [])
        tomllib.loads(f"{text}\n[[test]]\n")
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{file} cannot be added to: {error}") from error
    return [str(each.get("name")) for each in tests if isinstance(each, dict)]


def _append(file: Path, text: str) -> None:
    try:
        before = file.read_bytes() if file.exists() else b""
        gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
        with file.open("ab") as end:
            end.write(gap + text.encode())
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from error
