"""
Secrets cut out of a text, and put back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from webhook_engine.definitions.compiled import CREDENTIAL_KEY, CREDENTIAL_PASSWORD, CREDENTIAL_USERNAME
from webhook_engine.dispatch.credentials import Credentials
from webhook_engine.dispatch.mask import NOTHING, Masker
from webhook_engine.errors import FrozenUnusable, SecretMissing
from webhook_engine.templating import ESCAPERS, Slot

if TYPE_CHECKING:
    from webhook_engine.templating import Template

_VARIABLES: Final = MappingProxyType(
    {CREDENTIAL_KEY: "key", CREDENTIAL_USERNAME: "username", CREDENTIAL_PASSWORD: "password"}
)
"""What the templates call a secret -> the field of `Credentials`."""

_MARKS: Final = MappingProxyType({"k": "key", "u": "username", "p": "password"})
"""The letter after the nonce -> the same field."""

Gaps = Mapping[str, Slot]
"""Field of `Credentials` -> the slot it stands in, in one part of a request."""


class Marks(Credentials):
    """
    Stand in for credentials while a request is rendered; there is nothing to hide in them.
    """

    __slots__ = ()

    @property
    def mask(self) -> Masker:
        """
        Hides nothing.
        """
        return NOTHING


def marks(nonce: str) -> Marks:
    """
    What to look for in a rendered text.

    Args:
        nonce: Letters and digits, which every slot carries as they are, and which nobody can guess.
    """
    return Marks(key=f"{nonce}k", username=f"{nonce}u", password=f"{nonce}p")


def gaps_of(template: Template) -> Gaps:
    """
    Where in a part of the request the group's secrets stand.
    """
    found = {
        _VARIABLES[place.expression]: place.slot
        for place in template.places
        if place.expression in _VARIABLES
    }
    # In JSON its quotes are written around the mark already.
    return {name: Slot.JSON_STRING if slot is Slot.JSON_VALUE else slot for name, slot in found.items()}


def cut(text: str, nonce: str, gaps: Gaps) -> str | list[object]:
    """
    *text*, in pieces where marks stand in it.
    """
    if not gaps:
        return text
    first, *rest = text.split(nonce)
    pieces: list[object] = [first]
    for piece in rest:
        secret = _MARKS[piece[0]]
        pieces += [{"secret": secret, "slot": str(gaps[secret])}, piece[1:]]
    return pieces


class Filling:
    """
    Puts secrets into the gaps of one request.
    """

    def __init__(self, webhook: str, credentials: Credentials) -> None:
        self.used = False
        self._webhook = webhook
        self._credentials = credentials

    def part(self, kept: object, slots: Collection[Slot]) -> str:
        """
        A part of the request, whole.

        Args:
            slots: Where in it a secret can stand.

        Raises:
            FrozenUnusable: It is not what `freeze` makes.
            SecretMissing: The credentials hold none of that kind.
            UnsafeValue: The secret cannot be carried there.
        """
        if isinstance(kept, str):
            return kept
        if not isinstance(kept, Sequence):
            raise self._damaged()
        return "".join([piece if isinstance(piece, str) else self._gap(piece, slots) for piece in kept])

    def data(self, kept: object, slots: Collection[Slot]) -> bytes:
        """
        The same in UTF-8.
        """
        try:
            return self.part(kept, slots).encode()
        except UnicodeEncodeError:
            raise self._damaged() from None

    def secret(self, name: str) -> str:
        """
        One of the credentials.
        """
        secret: str | None = getattr(self._credentials, name)
        if secret is None:
            raise SecretMissing(
                f"the request kept for {self._webhook} needs a {name} and was given none; nothing was sent",
                target=self._webhook,
            )
        self.used = True
        return secret

    def _gap(self, piece: object, slots: Collection[Slot]) -> str:
        match piece:
            case {"secret": str(name), "slot": str(slot)} if name in _MARKS.values() and slot in slots:
                return ESCAPERS[Slot(slot)](self.secret(name))
        raise self._damaged()

    def _damaged(self) -> FrozenUnusable:
        return FrozenUnusable("is damaged: a part of it is not what was kept", target=self._webhook)
