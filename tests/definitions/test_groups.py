"""
A group's keys fit its authentication, and every secret is where it is looked for.
"""

from __future__ import annotations

import pytest

from webhook_engine.definitions import Group, Level, SecretRef, read_text
from webhook_engine.definitions.document.countries import COUNTRIES

API_KEY = '[[group]]\nname = "G"\nauthentication = "api-key"\n'
CREDENTIALS = '[[group]]\nname = "G"\nauthentication = "credentials"\n'
OAUTH2 = '[[group]]\nname = "G"\nauthentication = "oauth2"\n'
TOKENS = '[group.oauth2]\ntoken_url = "https://id.example/token"\n'
MEMBER = '[[group.member]]\nextension = "100-Euphoria"\n'
ENV = '{ env = "SECRET" }'

REFUSED = {
    "an unknown authentication": (
        '[[group]]\nname = "G"\nauthentication = "oauth"\n',
        "group[1].authentication: is 'oauth', which is none of none, api-key, credentials, oauth2; did you mean 'oauth2'?",
    ),
    "a key's place without a key": (
        '[[group]]\nname = "G"\nkey_in = "query"\n',
        'group[1].key_in: means nothing with authentication = "none"; it belongs to authentication = "api-key"',
    ),
    "a user's level without secrets": (
        '[[group]]\nname = "G"\nlevel = "user"\n',
        'group[1].level: is "user"',
    ),
    "a key without its header's name": (
        f"{API_KEY}key = {ENV}\n",
        "group[1].key_name: is missing: the name of the header",
    ),
    "a key that nobody has": (f'{API_KEY}key_name = "K"\n', 'group[1].key: is missing: level = "global"'),
    "a header that is none": (
        f'{API_KEY}key = {ENV}\nkey_name = "X Key"\n',
        "group[1].key_name: 'X Key' is no header name",
    ),
    "a header that frames the message": (
        f'{API_KEY}key = {ENV}\nkey_name = "Content-Length"\n',
        "group[1].key_name: Content-Length is the transport's own header",
    ),
    "a prefix in the query": (
        f'{API_KEY}key = {ENV}\nkey_in = "query"\nkey_name = "k"\nkey_prefix = "Bearer"\n',
        "group[1].key_prefix: stands before a key in a header only",
    ),
    "a prefix that breaks the header": (
        f'{API_KEY}key = {ENV}\nkey_name = "K"\nkey_prefix = "a\\nb"\n',
        "group[1].key_prefix: holds a character that no header can carry",
    ),
    "a prefix with a token in it": (
        f'{API_KEY}key = {ENV}\nkey_name = "K"\nkey_prefix = "{{CALLERID}}"\n',
        "group[1].key_prefix: holds a character that no header can carry",
    ),
    "everybody's key at level user": (
        f'{API_KEY}level = "user"\nkey_name = "K"\nkey = {ENV}\n',
        'group[1].key: is for everybody, but level = "user"',
    ),
    "members at level global": (
        f'{API_KEY}key_name = "K"\nkey = {ENV}\n{MEMBER}key = {ENV}\n',
        'group[1].member: means nothing with level = "global"; say level = "user"',
    ),
    "a member without a key": (
        f'{API_KEY}level = "user"\nkey_name = "K"\n{MEMBER}',
        'group[1].member[1].key: is missing: authentication = "api-key" needs it',
    ),
    "a member with another's secret": (
        f'{API_KEY}level = "user"\nkey_name = "K"\n{MEMBER}key = {ENV}\npassword = {ENV}\n',
        'group[1].member[1].password: means nothing with authentication = "api-key"',
    ),
    "a member who is no agent": (
        f'{API_KEY}level = "user"\nkey_name = "K"\n[[group.member]]\nextension = "10-Euphoria"\nkey = {ENV}\n',
        "group[1].member[1].extension: there is no agent '10-Euphoria'; did you mean '101-Euphoria'?",
    ),
    "a member twice": (
        f'{API_KEY}level = "user"\nkey_name = "K"\n{MEMBER}key = {ENV}\n{MEMBER}key = {ENV}\n',
        "group[1].member[2].extension: '100-Euphoria' is a member of this group twice",
    ),
    "a password without a user name": (
        f"{CREDENTIALS}password = {ENV}\n",
        'group[1].username: is missing: level = "global"',
    ),
    "names of parameters that Basic has not": (
        f'{CREDENTIALS}username = "u"\npassword = {ENV}\nusername_name = "user"\n',
        'group[1].username_name: names a parameter, but credentials_in = "basic" sends none',
    ),
    "one parameter for both": (
        f'{CREDENTIALS}username = "u"\npassword = {ENV}\ncredentials_in = "query"\npassword_name = "username"\n',
        "group[1].password_name: is username_name too",
    ),
    "tokens from nowhere": (OAUTH2, "group[1].oauth2: is missing"),
    "tokens from a relative address": (
        f'{OAUTH2}[group.oauth2]\ntoken_url = "/token"\nclient_id = "c"\nclient_secret = {ENV}\n',
        "group[1].oauth2.token_url: must be absolute",
    ),
    "tokens from an address the caller chooses": (
        f'{OAUTH2}[group.oauth2]\ntoken_url = "https://{{CALLERID}}/t"\nclient_id = "c"\nclient_secret = {ENV}\n',
        "group[1].oauth2.token_url: has a variable in its host",
    ),
    "a client without its secret": (
        f'{OAUTH2}{TOKENS}client_id = "c"\n',
        'group[1].oauth2.client_secret: is missing: level = "global"',
    ),
    "a refresh token that is not there": (
        f'{OAUTH2}{TOKENS}grant = "refresh-token"\nclient_id = "c"\n',
        "group[1].oauth2.refresh_token: is missing",
    ),
    "a refresh token for another grant": (
        f'{OAUTH2}{TOKENS}client_id = "c"\nclient_secret = {ENV}\nrefresh_token = {ENV}\n',
        'group[1].oauth2.refresh_token: means nothing with grant = "client-credentials"',
    ),
    "a member who brings nothing": (
        f'{OAUTH2}level = "user"\n{TOKENS}client_id = "c"\nclient_secret = {ENV}\n{MEMBER}',
        "group[1].member[1].extension: brings no secret of its own",
    ),
    "a secret in two places": (
        f'{API_KEY}key_name = "K"\nkey = {{ env = "A", file = "b" }}\n',
        'group[1].key: must be { env = "NAME" }',
    ),
    "a secret in no known place": (
        f'{API_KEY}key_name = "K"\nkey = {{ envv = "A" }}\n',
        "group[1].key: a secret cannot be in 'envv'; did you mean 'env'?",
    ),
    "a secret in an unnamed place": (
        f'{API_KEY}key_name = "K"\nkey = {{ env = "" }}\n',
        "group[1].key: env must say where the secret is, as text",
    ),
    "a secret in a numbered place": (
        f'{API_KEY}key_name = "K"\nkey = {{ vault = 7 }}\n',
        "group[1].key: vault must say where the secret is, as text",
    ),
    "a secret that is empty": (f'{API_KEY}key_name = "K"\nkey = ""\n', "group[1].key: is empty"),
    "no room for requests": (
        '[[group]]\nname = "G"\nmax_in_flight = 0\n',
        "group[1].max_in_flight: is 0; it must be at least 1",
    ),
    "no requests at all": (
        '[[group]]\nname = "G"\nmax_per_second = 0\n',
        "group[1].max_per_second: is 0; it must be more than 0",
    ),
    "an endless rate": (
        '[[group]]\nname = "G"\nmax_per_second = inf\n',
        "group[1].max_per_second: must be a finite number",
    ),
    "a name taken": (
        '[[group]]\nname = "G"\n[[group]]\nname = "G"\n',
        "group[2].name: 'G' is taken: group[1], line 11",
    ),
    "a name of two lines": ('[[group]]\nname = "a\\nb"\n', "group[1].name: must be one line"),
    "a name of blanks": ('[[group]]\nname = "  "\n', "group[1].name: must not be empty"),
    "a name without end": (f'[[group]]\nname = "{"x" * 201}"\n', "group[1].name: is 201 characters long"),
    "an agent without a tenant": (
        '[[agent]]\nextension = "102"\n',
        "agent[3].extension: is '102'; write NUMBER-TENANT",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused(refusals, text, problem):
    """
    One mistake, one problem, at the key that is wrong.
    """
    [found] = refusals(text)

    assert found.startswith(problem)


def test_a_members_secret_comes_before_the_groups():
    """
    One client for all and a refresh token of each agent's own: the usual way of OAuth2 for persons.
    """
    definitions = read_text(
        f'[[agent]]\nextension = "100-Euphoria"\n{OAUTH2}level = "user"\n{TOKENS}grant = "refresh-token"\n'
        f'client_id = "all"\nclient_secret = {ENV}\n{MEMBER}refresh_token = {{ vault = "mine" }}\nclient_id = "own"\n'
    )

    secrets = definitions.group("G").secrets_of("100-Euphoria")

    assert {
        "client_id": SecretRef.literal("own"),
        "client_secret": SecretRef.env("SECRET"),
        "refresh_token": SecretRef.vault("mine"),
    } == secrets


def test_an_agent_without_secrets_of_its_own_has_none():
    """
    At level user nothing of the group's stands in for a member's.
    """
    group = read_text(
        f'[[agent]]\nextension = "100-Euphoria"\n{API_KEY}level = "user"\nkey_name = "K"\n{MEMBER}key = {ENV}\n'
    ).group("G")

    assert group.secrets_of("101-Euphoria") is None
    assert group.level is Level.USER


def test_without_authentication_everybody_has_all_it_takes():
    """
    No secrets are needed, so none are missing.
    """
    assert {} == Group(name="open").secrets_of("100-Euphoria")


@pytest.mark.parametrize(
    ("prefix", "shown"),
    [
        ("", ""),
        ("Bearer", "Bearer "),
        ("Bearer ", "Bearer "),
        ("Token token=", "Token token="),
        ("key:", "key:"),
    ],
)
def test_a_prefix_keeps_apart_from_the_key(prefix, shown):
    """
    `Bearer` and the key do not run into each other, `token=` and the key do.
    """
    assert shown == Group(name="g", key_prefix=prefix).header_prefix


@pytest.mark.parametrize(
    "secret", [SecretRef.literal("s3cret"), SecretRef.env("NAME")], ids=["literal", "env"]
)
def test_a_secret_is_not_shown(secret):
    """
    The representation tells where a secret is and never what it is.
    """
    assert "s3cret" not in repr(secret)
    assert "s3cret" not in repr(Group(name="g", key=secret))


def test_the_countries_are_those_whose_numbers_are_understood():
    """
    The list stands here so that reading a file does not load a telephone directory.
    """
    import phonenumbers

    assert set(phonenumbers.SUPPORTED_REGIONS) == COUNTRIES
