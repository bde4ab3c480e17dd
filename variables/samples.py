"""
Calls to try things on: one for every situation an author of webhooks should have seen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from .call import CallContext
from .moments import Direction, Disposition

_AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)

INCOMING = CallContext(
    caller_name="Thandi Mokoena",
    caller_number="0821234567",
    crm_tag="C-1001",
    direction=Direction.INCOMING,
    call_queue="Sales",
    sip_id="5f3a9c1e7d@pbx0.euphoria.co.za",
    extension="100-Euphoria",
    at=_AT,
)

DISPOSED = INCOMING.replace(
    duration_s=75,
    disposition=Disposition.UNSURE,
    outcome="Voicemail",
    notes="Asked for a callback on Monday",
)

SAMPLES: Mapping[str, CallContext] = MappingProxyType(
    {
        "an incoming sales call": INCOMING,
        "the same call after the agent disposed it": DISPOSED,
        "an outgoing call": INCOMING.replace(direction=Direction.OUTGOING, call_queue="", crm_tag=""),
        "a withheld number": INCOMING.replace(caller_name="Anonymous", caller_number="anonymous", crm_tag=""),
        "a colleague": INCOMING.replace(caller_name="Conrad", caller_number="101", crm_tag=""),
        "a caller whose name attacks every slot": DISPOSED.replace(
            caller_name="\"'><script>alert(1)</script>&admin=true#{{7*7}}{CALL_NOTES}]]>",
            notes='line one\r\nX-Admin: 1\n"},{"admin": true',
        ),
    }
)
"""By what the situation is called in the console and in error messages."""
