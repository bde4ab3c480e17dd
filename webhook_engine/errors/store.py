"""
What the store cannot do.
"""

from __future__ import annotations

from webhook_engine.variables.errors import WebhookEngineError


class StoreError(WebhookEngineError):
    """
    The store cannot do what was asked.
    """


class StoreOwned(StoreError):
    """
    One process owns a store's file, and it is another one.
    """

    def __init__(self, *, path: str, owner: str) -> None:
        super().__init__(f"{path} belongs to {owner}: stop that process, or ask it instead")
        self.path = path
        self.owner = owner


class StoreOutdated(StoreError):
    """
    The store was written by another version of this project.
    """

    def __init__(self, *, path: str, found: str, wanted: str, is_newer: bool, is_copied: bool = True) -> None:
        what_now = (
            "install the version of webhook-engine that wrote it, or a later one"
            if is_newer
            else "run `webhook-engine doctor --fix`" + (", which keeps a copy beside it" if is_copied else "")
        )
        super().__init__(
            f"{path} has schema {found} and this version of webhook-engine works on {wanted}: {what_now}"
        )
        self.path = path
        self.found = found
        self.wanted = wanted
        self.is_newer = is_newer


class StoreUnavailable(StoreError):
    """
    The store cannot be written or read at present: nothing of this was changed, and trying later is right.
    """

    def __init__(self, *, path: str, why: str) -> None:
        super().__init__(f"the store {path} cannot be used: {why}; nothing was changed")
        self.path = path
        self.why = why


class StoreUncertain(StoreError):
    """
    The connection was lost while a change was being kept: nobody knows whether it was made.
    """

    def __init__(self, *, path: str) -> None:
        super().__init__(
            f"the connection to the store {path} was lost at the end of a change, and nobody knows whether it was "
            "made: look whether it is there before you make it again"
        )
        self.path = path


class StoreConflict(StoreError):
    """
    The definitions were saved by somebody else since they were read.
    """

    def __init__(self, *, tenant: str, based_on: int, current: int, saved_by: str) -> None:
        super().__init__(
            f"the definitions of {tenant or 'the tenant'} are at revision {current}, saved by {saved_by}, "
            f"and these began at revision {based_on}: look at what changed, and save again"
        )
        self.tenant = tenant
        self.based_on = based_on
        self.current = current
        self.saved_by = saved_by


class FeedConflict(StoreError):
    """
    A feed has the idempotency key of another one, so nobody knows whether it is that one sent again.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key[:40]!r} was another feed's, and nothing of this one was stored: "
            "send it with a key of its own"
        )


class VaultLocked(StoreError):
    """
    There is no key to seal with, or none that opens what is sealed.
    """
