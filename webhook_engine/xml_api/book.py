"""
The actions on a tenant's agents and its address book.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Protocol

from webhook_engine.errors import NotFound
from webhook_engine.store.facts import Contact
from webhook_engine.xml_api.actions import Action, ActionRequest, action
from webhook_engine.xml_api.answers import Rows, Status
from webhook_engine.xml_api.directory import Directory
from webhook_engine.xml_api.faults import IncorrectParameters
from webhook_engine.xml_api.inputs import Input
from webhook_engine.xml_api.writing import Row

MOST: Final = 1_000
"""Rows of one answer."""


class AddressBook(Protocol):
    """
    Where contacts are written down, such as a store's `contacts`.
    """

    async def add(self, tenant: str, contact: Contact) -> Contact:
        """
        The same contact with its number.
        """

    async def remove(self, tenant: str, contact: int) -> None:
        """
        Raises:
            NotFound: The tenant has no such contact.
        """

    async def list(
        self, tenant: str, *, search: str = "", limit: int = MOST, skip: int = 0
    ) -> tuple[Contact, ...]:
        """
        Those that hold *search*, in their order.
        """


@action(
    "GetExtensions",
    answer=Rows("Extension", {"ExtensionNumber": "100", "Name": "Naledi", "UserName": "100-Euphoria"}),
    reads=True,
    limit=3,
)
async def get_extensions(request: ActionRequest, directory: Directory) -> Sequence[Row]:
    """
    The extensions of the tenant that have an agent's functions.
    """
    found = await directory.definitions(request.tenant)
    return [
        {
            "ExtensionNumber": each.extension.partition("-")[0],
            "Name": each.name,
            "UserName": each.extension,
        }
        for each in (() if found is None else found.agents)
    ]


@action(
    "GetContacts",
    answer=Rows(
        "Contact",
        {
            "ContactId": 7,
            "FirstName": "Thandi",
            "Surname": "Mokoena",
            "Company": "Umlazi Timber",
            "PhoneNumber": "0821234567",
            "Email": "thandi@example.com",
        },
    ),
    reads=True,
    limit=3,
)
async def get_contacts(
    request: ActionRequest,
    contacts: AddressBook,
    search: Annotated[
        str, Input("Search", "Part of a name, a company, a number or an address.", "Mokoena")
    ] = "",
    page_size: Annotated[
        int, Input("pageSize", "How many at most; 1000 where left out.", "100", between=(1, MOST))
    ] = MOST,
    start_at: Annotated[
        int, Input("startAt", "How many to leave out at the beginning.", "0", between=(0, 10**9))
    ] = 0,
) -> Sequence[Row]:
    """
    The tenant's address book, in the order in which it was written.
    """
    found = await contacts.list(request.tenant, search=search, limit=page_size, skip=start_at)
    return [
        {
            "ContactId": each.id,
            "FirstName": each.first_name,
            "Surname": each.surname,
            "Company": each.company,
            "PhoneNumber": each.phone,
            "Email": each.email,
        }
        for each in found
    ]


@action("AddContact", answer=Status({"Status": "Success", "ContactId": 7}), refreshes=["GetContacts"])
async def add_contact(
    request: ActionRequest,
    contacts: AddressBook,
    first_name: Annotated[str, Input("FirstName", "First name of the contact.", "Thandi")],
    phone: Annotated[str, Input("PhoneNumber", "As it is to be dialled.", "0821234567", longest=64)],
    surname: Annotated[str, Input("Surname", "Last name of the contact.", "Mokoena")] = "",
    company: Annotated[str, Input("Company", "Where the contact works.", "Umlazi Timber")] = "",
    email: Annotated[str, Input("Email", "Email address of the contact.", "thandi@example.com")] = "",
) -> Row:
    """
    Writes a contact into the tenant's address book.
    """
    contact = Contact(first_name=first_name, surname=surname, company=company, phone=phone, email=email)
    return {"Status": "Success", "ContactId": (await contacts.add(request.tenant, contact)).id}


@action("DeleteContact", answer=Status({"Status": "Success"}), refreshes=["GetContacts"])
async def delete_contact(
    request: ActionRequest,
    contacts: AddressBook,
    contact: Annotated[int, Input("ContactId", "As `GetContacts` tells it.", "7", between=(1, 2**62))],
) -> Row:
    """
    Strikes a contact from the tenant's address book.
    """
    try:
        await contacts.remove(request.tenant, contact)
    except NotFound:
        raise IncorrectParameters from None
    return {"Status": "Success"}


BOOK: Final[tuple[Action, ...]] = (get_extensions, get_contacts, add_contact, delete_contact)
