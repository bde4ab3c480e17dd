"""
Who looks at a page.
"""

from __future__ import annotations

from dataclasses import dataclass

from webhook_engine.store.users import Role, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """
    Somebody who is signed in, here or with the embedding application.
    """

    email: str
    """What the history of definitions calls them."""

    role: Role

    extension: str = ""
    """The extension whose desktop is theirs; none where empty."""

    @classmethod
    def of(cls, user: User) -> Visitor:
        """
        The visitor that a user of the store is.
        """
        return cls(email=user.email, role=user.role, extension=user.extension)

    def may(self, least: Role) -> bool:
        """
        Whether they may do what that role is needed for.
        """
        return self.role.may(least)
