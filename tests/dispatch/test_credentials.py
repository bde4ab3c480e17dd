"""
Agents use webhooks with their own secrets, and nobody reads those.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from webhook_engine.definitions.groups import Group, Member, OAuth2, SecretRef
from webhook_engine.definitions.words import Authentication, Grant, Level
from webhook_engine.dispatch import NO_CREDENTIALS, Credentials, LocalSecrets, admit, credentials_for
from webhook_engine.errors import AgentRefused, SecretMissing

SECRETS = LocalSecrets(environ={"KEY": "group-key", "KEY_100": "key-of-100", "EMPTY": ""})


def a_group(**fields: object) -> Group:
    """
    A group that wants an API key.
    """
    return Group(
        **{"name": "CRM", "authentication": Authentication.API_KEY, "key_name": "X-Api-Key", **fields}
    )  # type: ignore[arg-type]


def test_only_agents_use_webhooks() -> None:
    """
    An extension without agent functionality is told what would give it that.
    """
    admit("100-Euphoria", {"100-Euphoria"}, webhook="Lookup")

    with pytest.raises(
        AgentRefused, match=r'999-Euphoria may not use .*\[\[agent\]\] with extension = "999-Euphoria"'
    ):
        admit("999-Euphoria", {"100-Euphoria"}, webhook="Lookup")
    with pytest.raises(AgentRefused, match="the call names no EXTENSION"):
        admit("", {"100-Euphoria"}, webhook="Lookup")


def test_a_global_group_has_one_key_for_everybody() -> None:
    """
    Whoever asks.
    """
    group = a_group(key=SecretRef.env("KEY"))

    assert Credentials(key="group-key") == credentials_for(group, "100-Euphoria", SECRETS)
    assert Credentials(key="group-key") == credentials_for(group, "", SECRETS)


def test_a_user_group_takes_each_agents_own() -> None:
    """
    And refuses the agent who has none, whatever the group itself holds.
    """
    group = a_group(
        level=Level.USER,
        key=SecretRef.env("KEY"),
        members=(Member(extension="100-Euphoria", key=SecretRef.env("KEY_100")),),
    )

    assert Credentials(key="key-of-100") == credentials_for(group, "100-Euphoria", SECRETS)
    with pytest.raises(
        AgentRefused, match=r"101-Euphoria has no credentials of its own in the group CRM; nothing was sent"
    ):
        credentials_for(group, "101-Euphoria", SECRETS)


def test_no_authentication_needs_no_secret() -> None:
    """
    Nor does a webhook without a group.
    """
    assert NO_CREDENTIALS is credentials_for(None, "", SECRETS)
    assert NO_CREDENTIALS is credentials_for(Group(name="Open"), "", SECRETS)


def test_a_user_name_and_a_password_come_together() -> None:
    """
    Both from where the group says.
    """
    group = a_group(
        authentication=Authentication.CREDENTIALS,
        username=SecretRef.literal("thandi"),
        password=SecretRef.env("KEY"),
    )

    assert Credentials(username="thandi", password="group-key") == credentials_for(group, "", SECRETS)


def test_a_member_brings_its_own_refresh_token_to_the_groups_client() -> None:
    """
    The application is the group's, the consent the agent's.
    """
    group = a_group(
        authentication=Authentication.OAUTH2,
        level=Level.USER,
        oauth2=OAuth2(
            token_url="https://id.example/token",
            grant=Grant.REFRESH_TOKEN,
            client_id=SecretRef.literal("app"),
            client_secret=SecretRef.env("KEY"),
        ),
        members=(Member(extension="100-Euphoria", refresh_token=SecretRef.env("KEY_100")),),
    )

    grant = credentials_for(group, "100-Euphoria", SECRETS).grant

    assert grant is not None
    assert ("app", "group-key", "key-of-100") == (grant.client_id, grant.client_secret, grant.refresh_token)
    assert ("CRM", "100-Euphoria") == grant.owner


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (SecretRef.env("NOWHERE"), "environment variable NOWHERE is not set"),
        (SecretRef.env("EMPTY"), "environment variable EMPTY is not set"),
        (SecretRef.file("nowhere.txt"), r"nowhere\.txt with the secret cannot be read: No such file"),
        (SecretRef.vault("crm-key"), "'crm-key' is in a vault"),
        (None, "no key is given"),
    ],
    ids=["no variable", "an empty one", "no file", "a vault", "nothing"],
)
def test_a_missing_secret_says_where_it_was_looked_for(reference: SecretRef | None, message: str) -> None:
    """
    Named by its reference, with the group.
    """
    with pytest.raises(SecretMissing, match=f"CRM: .*{message}.*nothing was sent") as missing:
        credentials_for(a_group(key=reference), "", SECRETS)

    assert "CRM" == missing.value.target


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["none", "line feed", "both"])
def test_a_file_holds_a_secret_and_perhaps_a_line_break(end: str, tmp_path: Path) -> None:
    """
    Its editor's line break is no part of it; other white space is.
    """
    (tmp_path / "key").write_bytes(f" s3cret {end}".encode())

    assert " s3cret " == LocalSecrets(folder=tmp_path).resolve(SecretRef.file("key"))


def test_a_file_that_holds_no_text_is_refused(tmp_path: Path) -> None:
    """
    As is one that is far too long.
    """
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_bytes(b"x" * 100_000)

    for name, message in (("binary", "not UTF-8"), ("long", "too long")):
        with pytest.raises(SecretMissing, match=message):
            LocalSecrets(folder=tmp_path).resolve(SecretRef.file(name))


def test_an_exchanged_secret_counts_at_once(tmp_path: Path) -> None:
    """
    Nothing is remembered.
    """
    secrets = LocalSecrets(folder=tmp_path)
    file = tmp_path / "key"
    file.write_text("old")
    first = secrets.resolve(SecretRef.file("key"))
    file.write_text("new")

    assert ("old", "new") == (first, secrets.resolve(SecretRef.file("key")))


def test_nothing_shows_a_secret() -> None:
    """
    Neither credentials nor what holds them.
    """
    grant_group = a_group(
        authentication=Authentication.OAUTH2,
        oauth2=OAuth2(
            token_url="https://id.example/token?hidden=1",
            client_id=SecretRef.literal("app"),
            client_secret=SecretRef.literal("s3cret"),
        ),
    )
    shown = [
        Credentials(key="s3cret"),
        Credentials(username="u", password="s3cret"),
        credentials_for(grant_group, "", SECRETS),
        credentials_for(grant_group, "", SECRETS).grant,
        LocalSecrets(environ={"A": "s3cret"}),
        Credentials(key="s3cret").mask,
    ]

    assert all("s3cret" not in repr(each) + str(each) + f"{each}" for each in shown)


def test_a_secret_that_is_no_text_is_missing() -> None:
    """
    Bytes of the environment that are not UTF-8 cannot be sent, and the complaint does not quote them.
    """
    secrets = LocalSecrets(environ={"KEY": "abc\udcff"})

    with pytest.raises(SecretMissing, match="not UTF-8") as caught:
        credentials_for(a_group(key=SecretRef.env("KEY")), "", secrets)

    assert "abc" not in str(caught.value)
