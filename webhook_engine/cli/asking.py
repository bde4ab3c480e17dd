"""
How commands ask a running process.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from webhook_engine.errors import NotFound, WebhookEngineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    import aiohttp

    from webhook_engine.definitions import Definitions
    from webhook_engine.process.running import Running
    from webhook_engine.store import (
        ApiKey,
        Campaign,
        NewApiKey,
        RecordedPage,
        Revision,
        Role,
        Saved,
        User,
        VaultEntry,
    )

T = TypeVar("T")

_ANSWER_S = 60.0


class AskingFailed(WebhookEngineError):
    """
    The running process said no, or nothing.
    """

    def __init__(self, message: str, *, status: int | None = None, document: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.document = document
        """What it said, as JSON has it."""
        self.after_s = 0.0
        """How long it asked to be left alone."""


class Client:
    """
    Asks one process, with its own key.
    """

    def __init__(self, running: Running, session: aiohttp.ClientSession) -> None:
        self.running, self._session = running, session

    async def post(self, path: str, document: object) -> Any:
        """
        What it answers to a JSON document.

        Raises:
            AskingFailed: It refused, or gave no answer.
        """
        return await self.ask("POST", path, body=orjson.dumps(document), content_type="application/json")

    async def get(self, path: str, **query: str) -> Any:
        """
        What it answers.

        Raises:
            AskingFailed: It refused, or gave no answer.
        """
        return await self.ask("GET", path, query=query)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """
        Raises:
            AskingFailed: It refused, or gave no answer.
        """
        import aiohttp

        headers = {"Content-Type": content_type} if content_type else {}
        try:
            async with self._session.request(
                method, self.running.url + path, data=body, params=query, headers=headers
            ) as response:
                content = await response.read()
                status, after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = str(error) or type(error).__name__
            raise AskingFailed(
                f"process {self.running.pid} at {self.running.url} does not answer: {why}"
            ) from error
        document = _document(content)
        if status < 400:
            return document
        refused = AskingFailed(_message(document, status), status=status, document=document)
        refused.after_s = float(after) if after.isdecimal() else 0.0
        raise refused


@asynccontextmanager
async def asking(running: Running) -> AsyncIterator[Client]:
    """
    Within this, the process can be asked.
    """
    import aiohttp

    expected = bytes.fromhex(running.fingerprint)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(expected) if expected else True),
        headers={"Authorization": f"Bearer {running.key}"},
        timeout=aiohttp.ClientTimeout(total=_ANSWER_S),
        # A proxy that the environment names has no business with our own machine.
        trust_env=False,
    ) as session:
        yield Client(running, session)


def _document(content: bytes) -> Any:
    try:
        return orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        return None


def _message(document: Any, status: int) -> str:
    error = document.get("error") if isinstance(document, dict) else None
    return str(error["message"]) if isinstance(error, dict) else f"the running process answered with {status}"


# --- Its store ---------------------------------------------------------------------------------------


class AskedStore:
    """
    The store of a running process, as commands use one.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.definitions = AskedDefinitions(client)
        self.vault = AskedVault(client)
        self.keys = AskedKeys(client)
        self.campaigns = AskedCampaigns(client)
        self.users = AskedUsers(client)
        self.recordings = AskedRecordings(client)

    async def learnt(self, what: str, tenant: str, **given: object) -> Any:
        """
        What `drift.stored` finds, or does, under that name.
        """
        return await self._client.post(f"/v1/admin/learnt.{what}", {"tenant": tenant, **given})

    async def tenants(self) -> tuple[str, ...]:
        """
        The one that the process works for.
        """
        return tuple(await self._client.post("/v1/admin/tenants", {}))


class AskedDefinitions:
    """
    As `Revisions`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def save(self, tenant: str, definitions: Definitions, *, by: str, note: str = "") -> Saved:
        from webhook_engine.definitions import write_toml
        from webhook_engine.store import Saved

        folder = None if definitions.folder is None else str(definitions.folder.resolve())
        # Its secrets go along: the process seals them.
        text = write_toml(definitions, literals=True)
        document = {"tenant": tenant, "text": text, "folder": folder, "by": by, "note": note}
        return _as(Saved, await self._client.post("/v1/admin/definitions.save", document))

    async def load(self, tenant: str, number: int | None = None) -> Revision:
        from webhook_engine.definitions import read_text
        from webhook_engine.store import Revision, RevisionEntry

        try:
            found = await self._client.post(
                "/v1/admin/definitions.load", {"tenant": tenant, "number": number}
            )
        except AskingFailed as error:
            if error.status == 404:
                raise NotFound("revision", "in force" if number is None else str(number)) from error
            raise
        folder = None if found["folder"] is None else Path(found["folder"])
        definitions = read_text(found["text"], folder=folder)
        return Revision(entry=_as(RevisionEntry, found["entry"]), definitions=definitions)


class AskedVault:
    """
    As `Vault`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def set(self, tenant: str, name: str, secret: str, *, by: str) -> None:
        document = {"tenant": tenant, "name": name, "secret": secret, "by": by}
        await self._client.post("/v1/admin/vault.set", document)

    async def list(self, tenant: str) -> tuple[VaultEntry, ...]:
        from webhook_engine.store import VaultEntry

        found = await self._client.post("/v1/admin/vault.list", {"tenant": tenant})
        return tuple(_as(VaultEntry, each) for each in found)

    async def remove(self, tenant: str, name: str) -> None:
        await self._client.post("/v1/admin/vault.remove", {"tenant": tenant, "name": name})

    async def rotate(self) -> int:
        return int(await self._client.post("/v1/admin/vault.rotate", {}))


class AskedKeys:
    """
    As `ApiKeys`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def add(self, tenant: str, name: str, *, scopes: Collection[str] = (), by: str) -> NewApiKey:
        from webhook_engine.store import NewApiKey

        document = {"tenant": tenant, "name": name, "scopes": [*scopes], "by": by}
        return _as(NewApiKey, await self._client.post("/v1/admin/keys.add", document))

    async def list(self, tenant: str, *, removed: bool = False) -> tuple[ApiKey, ...]:
        from webhook_engine.store import ApiKey

        found = await self._client.post("/v1/admin/keys.list", {"tenant": tenant, "removed": removed})
        return tuple(_as(ApiKey, each) for each in found)

    async def remove(self, tenant: str, name: str, *, by: str) -> ApiKey:
        from webhook_engine.store import ApiKey

        document = {"tenant": tenant, "name": name, "by": by}
        return _as(ApiKey, await self._client.post("/v1/admin/keys.remove", document))


class AskedUsers:
    """
    As `Users`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def add(
        self, tenant: str, email: str, password: str, *, role: Role, extension: str = "", by: str
    ) -> User:
        from webhook_engine.store import User

        document = {
            "tenant": tenant,
            "email": email,
            "password": password,
            "role": role,
            "extension": extension,
            "by": by,
        }
        return _as(User, await self._client.post("/v1/admin/users.add", document))

    async def list(self, tenant: str) -> tuple[User, ...]:
        from webhook_engine.store import User

        found = await self._client.post("/v1/admin/users.list", {"tenant": tenant})
        return tuple(_as(User, each) for each in found)

    async def set_password(self, tenant: str, email: str, password: str) -> None:
        document = {"tenant": tenant, "email": email, "password": password}
        await self._client.post("/v1/admin/users.set_password", document)

    async def remove(self, tenant: str, email: str) -> None:
        await self._client.post("/v1/admin/users.remove", {"tenant": tenant, "email": email})


class AskedCampaigns:
    """
    As `Campaigns`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def add(
        self,
        tenant: str,
        name: str,
        *,
        lists: Sequence[str] = (),
        labels: Sequence[str] = (),
        agents: Sequence[str] = (),
        by: str,
    ) -> Campaign:
        from webhook_engine.store import Campaign

        document = {
            "tenant": tenant,
            "name": name,
            "lists": [*lists],
            "labels": [*labels],
            "agents": [*agents],
            "by": by,
        }
        return _as(Campaign, await self._client.post("/v1/admin/campaigns.add", document))

    async def add_list(self, tenant: str, campaign: str, name: str) -> None:
        document = {"tenant": tenant, "campaign": campaign, "name": name}
        await self._client.post("/v1/admin/campaigns.add_list", document)

    async def assign(self, tenant: str, campaign: str, extension: str) -> None:
        document = {"tenant": tenant, "campaign": campaign, "extension": extension}
        await self._client.post("/v1/admin/campaigns.assign", document)

    async def unassign(self, tenant: str, campaign: str, extension: str) -> None:
        document = {"tenant": tenant, "campaign": campaign, "extension": extension}
        await self._client.post("/v1/admin/campaigns.unassign", document)

    async def list(self, tenant: str) -> tuple[Campaign, ...]:
        from webhook_engine.store import Campaign

        found = await self._client.post("/v1/admin/campaigns.list", {"tenant": tenant})
        return tuple(_as(Campaign, each) for each in found)


class AskedRecordings:
    """
    As `Recordings`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def page(self, tenant: str, *, limit: int = 100, before: int | None = None) -> RecordedPage:
        from webhook_engine.store import RecordedPage

        document = {"tenant": tenant, "limit": limit, "before": before}
        found = await self._client.post("/v1/admin/recordings.page", document)
        return RecordedPage(tuple(found["calls"]), found["before"])

    async def of_event(self, tenant: str, event_id: str) -> Mapping[str, object] | None:
        document = {"tenant": tenant, "event": event_id}
        found: Mapping[str, object] | None = await self._client.post(
            "/v1/admin/recordings.of_event", document
        )
        return found

    async def forget(self, tenant: str) -> int:
        return int(await self._client.post("/v1/admin/recordings.forget", {"tenant": tenant}))


def _as(kind: type[T], document: object) -> T:
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(document)
