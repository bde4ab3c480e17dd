"""
The actions on a telephone system, which the embedding application brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Protocol

from webhook_engine.xml_api.actions import Action, ActionRequest, Needs, action
from webhook_engine.xml_api.answers import Rows, Status
from webhook_engine.xml_api.faults import IncorrectParameters, SipServerNotFound
from webhook_engine.xml_api.inputs import Input
from webhook_engine.xml_api.writing import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    Which calls are wanted.
    """

    size: int
    """Rows at most."""

    start_at: int
    """Rows to leave out at the beginning."""

    start: datetime
    end: datetime

    extension: str
    """"" for every one."""


class PbxBackend(Protocol):
    """
    What the actions ask of a telephone system; rows name their own fields.

    Each method may raise one of the errors in `xml_api.faults`: `NotOfTenant` for an extension that is not the
    tenant's, `SipServerNotFound` where the system does not answer. So does a method that a subclass leaves out.
    """

    async def sip_status(self, tenant: str, user_name: str, *, full: bool) -> Sequence[Row]:
        """
        How an extension is registered; every fact of it, or the few that a light needs.
        """
        raise SipServerNotFound

    async def current_calls(self, tenant: str) -> Sequence[Row]:
        """
        The calls that are going on.
        """
        raise SipServerNotFound

    async def hang_up(self, tenant: str, channel: str) -> None:
        """
        End the call on a channel.
        """
        raise SipServerNotFound

    async def calling_credit(self, tenant: str) -> Row:
        """
        What the tenant may still spend.
        """
        raise SipServerNotFound

    async def calling_history(
        self, tenant: str, page: Page, *, outbound: bool, only_answered: bool
    ) -> Sequence[Row]:
        """
        Calls that were made or taken.
        """
        raise SipServerNotFound

    async def queue_analytics(self, tenant: str, queue: str, start: datetime, end: datetime) -> Sequence[Row]:
        """
        How a call queue fared.
        """
        raise SipServerNotFound

    async def recordings(self, tenant: str, page: Page, *, direction: str, search: str) -> Sequence[Row]:
        """
        What was recorded.
        """
        raise SipServerNotFound

    async def recording(self, tenant: str, unique_id: str) -> Sequence[Row]:
        """
        One recording.
        """
        raise SipServerNotFound


Pbx = Annotated[PbxBackend, Needs(otherwise=SipServerNotFound)]
UserName = Annotated[str, Input("UserName", "The extension, `NUMBER-TENANT`.", "100-Euphoria", longest=200)]
Size = Annotated[int, Input("pageSize", "How many rows at most.", "50", between=(1, 10_000))]
StartAt = Annotated[
    int, Input("startAt", "How many rows to leave out at the beginning.", "0", between=(0, 10**9))
]
Start = Annotated[datetime, Input("startDate", "From then on.", "2026-11-01 00:00:00")]
End = Annotated[datetime, Input("endDate", "Until then.", "2026-11-30 23:59:59")]
Extension = Annotated[str, Input("extension", "Of this extension alone.", "100", longest=200)]
OnlyAnswered = Annotated[bool, Input("OnlyAnswered", "Whether calls that nobody took are left out.", "1")]

_CALL: Final[Row] = {"UniqueId": "1763807000.1", "Source": "100", "Destination": "0821234567", "Duration": 75}


@action(
    "GetFullSipStatus",
    answer=Rows(
        "Status", {"UserName": "100-Euphoria", "Registered": "true", "Address": "10.0.0.7", "Latency": 23}
    ),
    reads=True,
    limit=3,
)
async def full_sip_status(request: ActionRequest, pbx: Pbx, user_name: UserName) -> Sequence[Row]:
    """
    How an extension is registered, with every fact of it.
    """
    return await pbx.sip_status(request.tenant, user_name, full=True)


@action(
    "GetSimpleSipStatus",
    answer=Rows("Status", {"UserName": "100-Euphoria", "Registered": "true"}),
    reads=True,
    limit=3,
)
async def simple_sip_status(request: ActionRequest, pbx: Pbx, user_name: UserName) -> Sequence[Row]:
    """
    Whether an extension is registered.
    """
    return await pbx.sip_status(request.tenant, user_name, full=False)


@action("GetCurrentCalls", answer=Rows("Call", {"Channel": "SIP/100-0001", **_CALL}), reads=True, limit=3)
async def current_calls(request: ActionRequest, pbx: Pbx) -> Sequence[Row]:
    """
    The calls that are going on.
    """
    return await pbx.current_calls(request.tenant)


@action("HangUpChannel", answer=Status({"Status": "Success"}), refreshes=["GetCurrentCalls"])
async def hang_up_channel(
    request: ActionRequest,
    pbx: Pbx,
    channel: Annotated[str, Input("Channel", "As `GetCurrentCalls` tells it.", "SIP/100-0001", longest=200)],
) -> Row:
    """
    Ends the call on a channel.
    """
    await pbx.hang_up(request.tenant, channel)
    return {"Status": "Success"}


@action("GetCallingCredit", answer=Status({"Credit": "1499.90", "Currency": "ZAR"}), reads=True, limit=3)
async def calling_credit(request: ActionRequest, pbx: Pbx) -> Row:
    """
    What the tenant may still spend on calls.
    """
    return await pbx.calling_credit(request.tenant)


@action("GetOutboundCallingHistory", answer=Rows("Call", _CALL), reads=True, limit=3)
async def outbound_history(
    request: ActionRequest,
    pbx: Pbx,
    size: Size,
    start_at: StartAt,
    start: Start,
    end: End,
    extension: Extension = "",
    only_answered: OnlyAnswered = False,
) -> Sequence[Row]:
    """
    The calls that the tenant's extensions made.
    """
    page = _page(size, start_at, start, end, extension)
    return await pbx.calling_history(request.tenant, page, outbound=True, only_answered=only_answered)


@action("GetInboundCallingHistory", answer=Rows("Call", _CALL), reads=True, limit=3)
async def inbound_history(
    request: ActionRequest,
    pbx: Pbx,
    size: Size,
    start_at: StartAt,
    start: Start,
    end: End,
    extension: Extension = "",
    only_answered: OnlyAnswered = False,
) -> Sequence[Row]:
    """
    The calls that the tenant's extensions took.
    """
    page = _page(size, start_at, start, end, extension)
    return await pbx.calling_history(request.tenant, page, outbound=False, only_answered=only_answered)


@action(
    "GetQueueAnalytics",
    answer=Rows("Queue", {"QueueName": "Sales", "Calls": 120, "Answered": 111, "AverageWait": 9}),
    reads=True,
    limit=3,
)
async def queue_analytics(
    request: ActionRequest,
    pbx: Pbx,
    queue: Annotated[str, Input("QueueName", "The telephone queue.", "Sales", longest=200)],
    start: Start,
    end: End,
) -> Sequence[Row]:
    """
    How a call queue fared.
    """
    _in_order(start, end)
    return await pbx.queue_analytics(request.tenant, queue, start, end)


@action(
    "GetCallRecordings", answer=Rows("Recording", {**_CALL, "Direction": "outgoing"}), reads=True, limit=3
)
async def call_recordings(
    request: ActionRequest,
    pbx: Pbx,
    size: Size,
    start_at: StartAt,
    start: Annotated[datetime, Input("StartDate", "From then on.", "2026-11-01 00:00:00")],
    end: Annotated[datetime, Input("EndDate", "Until then.", "2026-11-30 23:59:59")],
    extension: Annotated[str, Input("Extension", "Of this extension alone.", "100", longest=200)] = "",
    direction: Annotated[
        str, Input("direction", "Of calls in this direction alone.", "outgoing", longest=40)
    ] = "",
    search: Annotated[
        str, Input("SearchFilter", "What a number or a name must hold.", "0821234567", longest=200)
    ] = "",
) -> Sequence[Row]:
    """
    What was recorded.
    """
    page = _page(size, start_at, start, end, extension)
    return await pbx.recordings(request.tenant, page, direction=direction, search=search)


@action(
    "DownloadCallRecordingByUniqueId",
    answer=Rows(
        "Recording", {"UniqueId": "1763807000.1", "FileName": "1763807000.1.wav", "Content": "UklGRg=="}
    ),
    reads=True,
    limit=3,
)
async def download_recording(
    request: ActionRequest,
    pbx: Pbx,
    unique_id: Annotated[
        str, Input("uniqueId", "As `GetCallRecordings` tells it.", "1763807000.1", longest=200)
    ],
) -> Sequence[Row]:
    """
    One recording, in Base64.
    """
    return await pbx.recording(request.tenant, unique_id)


PBX: Final[tuple[Action, ...]] = (
    full_sip_status,
    simple_sip_status,
    current_calls,
    hang_up_channel,
    calling_credit,
    outbound_history,
    inbound_history,
    queue_analytics,
    call_recordings,
    download_recording,
)


def _page(size: int, start_at: int, start: datetime, end: datetime, extension: str) -> Page:
    _in_order(start, end)
    return Page(size=size, start_at=start_at, start=start, end=end, extension=extension)


def _in_order(start: datetime, end: datetime) -> None:
    if start.replace(tzinfo=None) > end.replace(tzinfo=None):
        raise IncorrectParameters
