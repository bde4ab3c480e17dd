"""
Every secret of a tenant, taken out of what is written down.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.dispatch.mask import SHORTEST_IN_AN_ANSWER, marks_of, masker_of
from webhook_engine.errors import SecretMissing
from webhook_engine.store import secret_references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.definitions import Definitions, SecretRef
    from webhook_engine.dispatch import SecretStore

_REVEALED_S: Final = 10.0
"""How long secrets count as known; one that a request was made with is hidden before it comes here."""

_SIGNING: Final = "whsec_"

_GRAM: Final = 4
"""Bytes of a mark by which it is looked for among very many."""

_MANY: Final = 64
"""Marks from which on a text is taken apart once, instead of being searched for each."""


class Hiding:
    """
    Hides the secrets of definitions, in whichever encoding they stand.

    A tenant may have thousands, one for each agent, so a text is only searched for those that it may hold.
    """

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        self._known: set[str] = set()
        self._always: list[str] = []
        """Secrets that nothing tells a text without from a text with."""
        self._marks: dict[bytes, list[str]] = {}
        """What a text holds that holds one of these secrets."""
        self._grams: dict[bytes, list[bytes]] = {}
        """The end of a mark -> marks."""
        self._revealed = -_REVEALED_S
        self.unknown: tuple[SecretRef, ...] = ()
        """Secrets that could not be found when they were last looked for: they stay wherever they stand."""

    def hide(self, text: bytes) -> bytes:
        """
        *text* without secrets of six characters and more; a shorter one is too likely to be something else.
        """
        found = [*self._always]
        for mark in self._marks_in(text):
            found += self._marks[mark]
        return masker_of(tuple(sorted(set(found)))).answer(text) if found else text

    def texts(self, document: Any) -> Any:
        """
        A document of JSON with every text in it hidden.
        """
        if isinstance(document, dict):
            return {key: self.texts(each) for key, each in document.items()}
        if isinstance(document, list):
            return [self.texts(each) for each in document]
        return self.hide(document.encode()).decode() if isinstance(document, str) else document

    def reveal(self, *definitions: Definitions) -> None:
        """
        Know the secrets of these definitions from now on, as far as they can be found.

        Those from before count as well: what was exchanged just now may still be repeated.
        """
        now = time.monotonic()
        if now - self._revealed < _REVEALED_S:
            return
        self._revealed = now
        names = set().union(*map(_names, definitions))
        references = {each for one in definitions for each in secret_references(one)}
        unknown = []
        for reference in references - names:
            try:
                secret = self._secrets.resolve(reference)
            except SecretMissing:
                # A process that sends has sent nothing with it either.
                unknown.append(reference)
                continue
            for each in {secret, secret.removeprefix(_SIGNING)}:
                self._know(each)
        self.unknown = tuple(sorted(unknown, key=lambda each: (each.kind, each.value)))

    def _know(self, secret: str) -> None:
        if secret in self._known or len(secret) < SHORTEST_IN_AN_ANSWER:
            return
        self._known.add(secret)
        marks = marks_of([secret])
        if b"" in marks:
            self._always.append(secret)
            return
        for mark in marks:
            if mark not in self._marks:
                self._grams.setdefault(mark[-_GRAM:], []).append(mark)
            self._marks.setdefault(mark, []).append(secret)

    def _marks_in(self, text: bytes) -> Iterator[bytes]:
        if len(self._marks) < _MANY:
            return (mark for mark in self._marks if mark in text)
        grams = {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}
        return (mark for gram in grams & self._grams.keys() for mark in self._grams[gram] if mark in text)


def _names(definitions: Definitions) -> set[SecretRef]:
    """
    What anybody may know although it stands where secrets do: user names and the ids of clients.
    """
    found = set()
    for group in definitions.groups:
        for holder in (group, *group.members, group.oauth2):
            held = (getattr(holder, name, None) for name in ("username", "client_id"))
            found |= {each for each in held if each is not None}
    return found
