"""
The calls that the demo plays, and what must come of each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from webhook_engine.definitions import read_text
from webhook_engine.demo import crm
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.engine import Engine
from webhook_engine.errors import WebhookEngineError
from webhook_engine.variables import CallContext, Direction, Disposition

if TYPE_CHECKING:
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.responses import AgentView

DEFINITIONS = Path(__file__).parent / "integration.toml"
"""`examples/integration.toml`, as it stands; in the wheel a copy, in the checkout a link."""

RINGING = CallContext(
    caller_name="Thandi Mokoena",
    caller_number="0821234567",
    crm_tag="1001",
    direction=Direction.INCOMING,
    call_queue="Sales",
    extension="100-Euphoria",
)

DISPOSED = RINGING.replace(
    duration_s=75,
    disposition=Disposition.UNSURE,
    outcome="Voicemail",
    notes='Wants the "large" size & a call on Monday',
)

ATTACKER = RINGING.replace(
    caller_name="\"'/../?&admin=true#<admin/>]]>%00{{7*7}}{CALL_NOTES}\\", notes="fine\r\nX-Admin: true"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    One call at one webhook.
    """

    title: str
    webhook: str
    call: CallContext = RINGING

    outcome: str = "ok"
    """What must come of it; `window` for a page that opens, `not sent` for a refusal of ours."""

    holds: Callable[[AgentView], bool] = lambda _: True
    """What must be true of the view besides."""


def _understood(*names: str) -> Callable[[AgentView], bool]:
    """
    Whether the CRM read exactly the attacker's name in these places, and nothing beside it.
    """

    def holds(view: AgentView) -> bool:
        cells = {column.path: cell for column, cell in zip(view.columns, view.rows[0], strict=True)}
        return all(cells.get(name) == ATTACKER.caller_name for name in names) and "injected" not in cells

    return holds


SCENES = (
    Scene(
        title="The phone rings: a page opens in the agent's browser",
        webhook="Customer page",
        outcome="window",
    ),
    Scene(
        title="Who is calling? A lookup becomes the four columns that were ticked", webhook="Contact lookup"
    ),
    Scene(title="The same customer from a system that speaks XML", webhook="Contact lookup, XML"),
    Scene(
        title="A click on the cell '1001': it is the next webhook's DYNAMIC_PARAMETER",
        webhook="Orders of a customer",
        call=RINGING.replace(dynamic_parameter="1001"),
    ),
    Scene(
        title="A customer without orders is no error",
        webhook="Orders of a customer",
        call=RINGING.replace(dynamic_parameter="2002"),
        outcome="no-match",
    ),
    Scene(
        title="A withheld number is nothing to look up",
        webhook="Contact lookup",
        call=RINGING.replace(caller_name="Anonymous", caller_number="anonymous"),
        outcome="skipped",
    ),
    Scene(title="An order, with this agent's own key", webhook="Place an order"),
    Scene(
        title="The same by an agent to whom the CRM gave no key: nothing is sent",
        webhook="Place an order",
        call=RINGING.replace(extension="101-Euphoria"),
        outcome="not sent",
    ),
    Scene(
        title="The call is over: its outcome goes to the CRM as JSON", webhook="Call outcome", call=DISPOSED
    ),
    Scene(title="… and as XML", webhook="Call outcome, XML", call=DISPOSED),
    Scene(
        title="A caller whose name attacks the address, the query and a header",
        webhook="Echo in the address",
        call=ATTACKER,
        holds=_understood("path", "query.name", "header"),
    ),
    Scene(title="… a form", webhook="Echo in a form", call=ATTACKER, holds=_understood("body.name")),
    Scene(title="… a JSON body", webhook="Echo in JSON", call=ATTACKER, holds=_understood("body.name")),
    Scene(
        title="… an XML body, as attribute and as text",
        webhook="Echo in XML",
        call=ATTACKER,
        holds=_understood("body.caller.@called", "body.caller.name"),
    ),
    Scene(
        title="Notes with a line break could add a header of their own: refused, not repaired",
        webhook="Notes in a header",
        call=ATTACKER,
        outcome="not sent",
    ),
    Scene(title="Status 200, but the body says no", webhook="Account state", outcome="refused"),
    Scene(title="The agent waits one second and no longer", webhook="Credit check", outcome="target-failed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """
    What came of a scene.
    """

    scene: Scene
    request: PreparedRequest | None = None
    """What was sent, or would be opened, secrets masked; None where nothing could be."""

    view: AgentView | None = None
    refusal: WebhookEngineError | None = None

    @property
    def as_expected(self) -> bool:
        """
        Whether it ended as the scene says it must.
        """
        if self.refusal is not None:
            return self.scene.outcome == "not sent"
        if self.view is None:
            return self.scene.outcome == "window"
        return self.view.outcome == self.scene.outcome and self.scene.holds(self.view)


@asynccontextmanager
async def stage(port: int | None = None) -> AsyncIterator[tuple[Engine, int]]:
    """
    The CRM and an engine that knows where it listens.

    Args:
        port: Where the CRM listens, the usual port when left out; another one is taken where it is in use.

    Yields:
        The engine, and the CRM's port.
    """
    async with crm.serve(port) as found:
        text = DEFINITIONS.read_text(encoding="utf-8")
        # The file names the usual port; where that one is taken, the CRM moved.
        text = text.replace(f":{crm.PORT}/", f":{found}/")
        definitions = read_text(text, source=DEFINITIONS.name)
        async with Engine(definitions, secrets=LocalSecrets(environ=crm.AGENT_KEYS)) as engine:
            yield engine, found


async def play(engine: Engine, acts: Sequence[Scene] = SCENES) -> AsyncIterator[Played]:
    """
    The scenes, one after the other, each as soon as it has ended.
    """
    for scene in acts:
        yield await _played(engine, scene)


async def _played(engine: Engine, scene: Scene) -> Played:
    try:
        request = engine.render(scene.webhook, scene.call)
    except WebhookEngineError as error:
        request = None
        if scene.outcome == "not sent":
            return Played(scene=scene, refusal=error)
    if scene.outcome == "window":
        return Played(scene=scene, request=request)
    view = await engine.ask(scene.webhook, scene.call)
    if view.error is not None and view.attempts == 0 and view.outcome != "skipped":
        return Played(scene=scene, refusal=view.error)
    return Played(scene=scene, request=request, view=view)
