"""
The promises of a store, for every database under it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from webhook_engine.testing.store.api_keys import ApiKeysContract
from webhook_engine.testing.store.api_log import ApiLogContract
from webhook_engine.testing.store.common import OpenStore
from webhook_engine.testing.store.contacts import ContactsContract
from webhook_engine.testing.store.dialer import DialerContract
from webhook_engine.testing.store.learnt import LearntContract
from webhook_engine.testing.store.pops import PopsContract
from webhook_engine.testing.store.recordings import RecordingsContract
from webhook_engine.testing.store.revisions import RevisionsContract
from webhook_engine.testing.store.signing_in import SigningInContract
from webhook_engine.testing.store.steps import StepsContract
from webhook_engine.testing.store.users import UsersContract
from webhook_engine.testing.store.vault import VaultContract

if TYPE_CHECKING:
    from webhook_engine.store import Store


class StoreContract(
    RevisionsContract,
    VaultContract,
    ApiKeysContract,
    ApiLogContract,
    PopsContract,
    UsersContract,
    SigningInContract,
    DialerContract,
    ContactsContract,
    StepsContract,
    RecordingsContract,
    LearntContract,
):
    """
    To be inherited by the test class of a back end, which gives it `open_store` as a fixture.

    `open_store(*keys)` makes a store over the same data each time, empty at first, not yet entered;
    without keys it has `webhook_engine.testing.store.common.KEY`, and with `no_key=True` none.
    """

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> AsyncIterator[Store]:
        """
        A store that is open.
        """
        async with open_store() as store:
            yield store
