"""
The calls that templates are rendered with: enough of them that no cache of values could help.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from webhook_engine.variables import CallContext, Direction, Disposition, Tenant, Value, values_of

# None holds one of !$'()*, which yarl's quoter leaves and ours encodes.
NAMES = (
    "Thandi Mokoena",
    "Conrad",
    "Müller & Söhne",
    "Zoë Adams-Smith",
    "Ngcobo <Sales>",
    "渡辺 美咲",
    "",
    "J. Smith",
)
NOTES = (
    "Asked for a callback on Monday",
    "",
    'Says: "send the quote"',
    "Line one\nline two",
    "50% off + shipping",
)

TENANT = Tenant(name="Euphoria", pbx_server="pbx0.euphoria.co.za")


def call(number: int) -> CallContext:
    """
    A disposed call, unlike its neighbours.
    """
    return CallContext(
        caller_name=NAMES[number % len(NAMES)],
        caller_number=f"082{number * 7919 % 10_000_000:07}",
        crm_tag=f"C-{1000 + number}",
        direction=Direction.INCOMING if number % 3 else Direction.OUTGOING,
        disposition=Disposition.SUCCESS if number % 2 else Disposition.UNSURE,
        outcome="Voicemail" if number % 5 else "",
        notes=NOTES[number % len(NOTES)],
        duration_s=number * 37 % 3600,
        call_queue=("Sales", "Support", "After hours")[number % 3],
        sip_id=f"{number * 2654435761 % 2**40:010x}@pbx0.euphoria.co.za",
        at=datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC) + timedelta(seconds=97 * number),
        dynamic_parameter=str(4711 + number),
        extension=f"{100 + number % 40}-Euphoria",
        extra={"ACCOUNT": f"ZA{number:06}", "TIER": ("gold", "silver")[number % 2]},
    )


CALLS = tuple(call(number) for number in range(64))
VALUES: tuple[dict[str, Value], ...] = tuple(values_of(each, TENANT) for each in CALLS)
