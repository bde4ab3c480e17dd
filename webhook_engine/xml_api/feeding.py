"""
`DialerTrickleFeed`: contacts pushed into a list of a campaign.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

from webhook_engine.errors import FeedConflict, NotFound
from webhook_engine.store.facts import Feed, NewContact, extension_number
from webhook_engine.templating import numbers
from webhook_engine.xml_api.actions import ActionRequest, action
from webhook_engine.xml_api.answers import Status
from webhook_engine.xml_api.directory import Directory
from webhook_engine.xml_api.faults import IncorrectParameters, NotOfTenant
from webhook_engine.xml_api.inputs import Input

PRIORITIES: Final = (1, 10)
PRIORITY: Final = 5

_AT_ONCE: Final = 20
"""Contacts whose numbers are looked at in the loop."""

# What can be dialled where nobody knows the country: three digits or more, with what people write between them.
_DIALLED: Final = re.compile(r"[ (]*\+?[0-9](?:[ ().\-/]*[0-9]){2,19}\Z")

_LONGEST_KEY: Final = 512
"""Characters of an idempotency key."""

_EXTENSION: Final = re.compile(r"[A-Za-z0-9_.]{1,40}\Z")


class ContactSink(Protocol):
    """
    Where contacts go: a store's `dialer`, from which `next_contact` hands them out, or what the application provides.
    """

    async def feed(self, feed: Feed) -> int:
        """
        Take all contacts of a feed, or none; durably, once this returns.

        Returns:
            How many were accepted. A feed that comes again with its idempotency key is not taken again.

        Raises:
            NotFound: There is no such campaign or list.
            FeedConflict: Its idempotency key was another feed's.
            ActionRefused: What the sender is to read instead.
        """


@dataclass(frozen=True, slots=True)
class FedContact:
    """
    A contact as it is sent.
    """

    title: Annotated[str, Input("Title", "Title of the contact.", "Mr", may_be_empty=True)]
    first_name: Annotated[str, Input("FirstName", "First name of the contact.", "TestName")]
    surname: Annotated[str, Input("Surname", "Last name of the contact.", "TestSurname", may_be_empty=True)]
    address: Annotated[str, Input("Address", "Address of the contact.", "Johannesburg", may_be_empty=True)]
    email: Annotated[
        str, Input("Email", "Email address of the contact.", "test@gmail.com", may_be_empty=True)
    ]
    phone: Annotated[
        str,
        Input(
            "PhoneNumber",
            "The number to dial, valid in the tenant's country or beginning with `+` and a country's code.",
            "0105934500",
            longest=64,
        ),
    ]
    notes: Annotated[
        str,
        Input(
            "Notes", "Notes for the contact; `{CALL_NOTES}` of the call.", "NotesTesting", may_be_empty=True
        ),
    ]
    language: Annotated[str, Input("Language", "Language of the contact.", "English", may_be_empty=True)]
    custom1: Annotated[
        str, Input("Custom1", "Goes with the campaign's label 1.", "Custom1", may_be_empty=True)
    ]
    custom2: Annotated[
        str, Input("Custom2", "Goes with the campaign's label 2.", "Custom2", may_be_empty=True)
    ]
    custom3: Annotated[
        str, Input("Custom3", "Goes with the campaign's label 3.", "Custom3", may_be_empty=True)
    ]
    custom4: Annotated[
        str, Input("Custom4", "Goes with the campaign's label 4.", "Custom4", may_be_empty=True)
    ]
    custom5: Annotated[
        str, Input("Custom5", "Goes with the campaign's label 5.", "Custom5", may_be_empty=True)
    ]
    crm_tag: Annotated[
        str,
        Input("CrmTag", "The CRM's tag for it; `{CALL_CRMTAG}` of the call.", "CrmTag1", may_be_empty=True),
    ]
    assigned_to: Annotated[
        str,
        Input(
            "AssignedTo",
            "The extension of the agent who will dial it, `105` or `105-TENANT`; it waits until that extension "
            "is assigned to the campaign.",
            "105",
            may_be_empty=True,
            longest=100,
        ),
    ]


@action(
    "DialerTrickleFeed",
    answer=Status({"Status": "Success", "Accepted": 1}),
)
async def dialer_trickle_feed(
    request: ActionRequest,
    sink: ContactSink,
    directory: Directory,
    *,
    list_name: Annotated[str, Input("ListName", "A list of the campaign.", "ListNumber5")],
    campaign: Annotated[str, Input("CampaignName", "The campaign that dials the contacts.", "SalesCampaign")],
    data_source: Annotated[
        str,
        Input(
            "DataSource", "The sender's own reference; used for nothing.", "UploadMarch", may_be_empty=True
        ),
    ],
    priority: Annotated[
        int, Input("Priority", "1, dialled first, to 10; 5 where left out or empty.", "2", between=PRIORITIES)
    ] = PRIORITY,
    contacts: Annotated[
        list[FedContact], Input("ContactsList", "One list, of one or more contacts.", each="Contact")
    ],
) -> dict[str, object]:
    """
    Pushes contacts into a list of a campaign, to be dialled by its agents: all of them, or none where one is wrong.

    A campaign or a list that is not there is an incorrect parameter. An `AssignedTo` of another tenant is not part of
    this one. With the header `Idempotency-Key`, a request that is sent again is stored once; another request with the
    same is an incorrect parameter.
    """
    found = await directory.definitions(request.tenant)
    country = None if found is None else found.tenant.country
    if len(contacts) <= _AT_ONCE:
        checked = _checked(contacts, request.tenant, country)
    else:
        checked = await asyncio.to_thread(_checked, contacts, request.tenant, country)
    feed = Feed(
        tenant=request.tenant,
        campaign=campaign,
        list_name=list_name,
        contacts=checked,
        priority=priority,
        data_source=data_source,
        idempotency_key=_key(request),
    )
    try:
        accepted = await sink.feed(feed)
    except (NotFound, FeedConflict):
        raise IncorrectParameters from None
    return {"Status": "Success", "Accepted": accepted}


def _key(request: ActionRequest) -> str | None:
    """
    Raises:
        IncorrectParameters: No store could keep it.
    """
    key = request.idempotency_key or None
    if key is not None and not (len(key) <= _LONGEST_KEY and key.isprintable()):
        raise IncorrectParameters
    return key


def e164_of(phone: str, country: str | None) -> str:
    """
    `+27105934500`; "" where nobody knows the number's country.

    Raises:
        IncorrectParameters: It is no number that can be dialled.
    """
    if not _DIALLED.match(phone):
        raise IncorrectParameters
    if country is None and not phone.startswith("+"):
        return ""
    found = numbers.e164(phone, country)
    if not found:
        raise IncorrectParameters
    return found


def _checked(contacts: list[FedContact], tenant: str, country: str | None) -> tuple[NewContact, ...]:
    return tuple([_checked_one(each, tenant, country) for each in contacts])


def _checked_one(contact: FedContact, tenant: str, country: str | None) -> NewContact:
    number = extension_number(contact.assigned_to, tenant)
    if number is None:
        raise NotOfTenant
    if number and not _EXTENSION.match(number):
        # Nobody would ever be handed it.
        raise IncorrectParameters
    return NewContact(
        title=contact.title,
        first_name=contact.first_name,
        surname=contact.surname,
        address=contact.address,
        email=contact.email,
        phone=contact.phone,
        phone_e164=e164_of(contact.phone, country),
        notes=contact.notes,
        language=contact.language,
        custom=(contact.custom1, contact.custom2, contact.custom3, contact.custom4, contact.custom5),
        crm_tag=contact.crm_tag,
        assigned_to=number,
    )
