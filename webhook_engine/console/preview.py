"""
What a webhook that is being typed would send: the engine's own rendering over test values; nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console.forms import NO_ERRORS, errors_of
from webhook_engine.definitions import read_tree
from webhook_engine.engine import Engine
from webhook_engine.errors import DefinitionError, EmptyParameter, WebhookEngineError
from webhook_engine.variables import SAMPLES, CallContext

if TYPE_CHECKING:
    from webhook_engine.console.forms import Table
    from webhook_engine.console.recorded import Recorded
    from webhook_engine.definitions import CompiledWebhook
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.templating import Place

_NAME: Final = "the webhook"
_STAND_IN: Final = "secret-of-nobody"
"""Takes the place of every secret, and is hidden like one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """
    A token or expression of a template, and where it lands.
    """

    expression: str
    slot: str
    is_raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    What would be sent, or why nothing would be.
    """

    request: PreparedRequest | None = None
    """With its secrets hidden."""

    why: str = ""
    """Why there is none, in a sentence."""

    is_skipped: bool = False
    """Whether that is what its rule for empty values wants."""

    errors: Mapping[str, Sequence[str]] = field(default_factory=lambda: NO_ERRORS)
    """Path of a field -> what is wrong with it."""

    tokens: Mapping[str, Sequence[Token]] = field(default_factory=dict)
    """Path of a field -> its tokens."""


def preview(tree: Mapping[str, Any], table: Table, call: CallContext, *, test_values: bool = True) -> Preview:
    """
    The request that *table* makes of *call*.

    Args:
        tree: The definitions around it; only its tenant, variables and groups count.

        table: A webhook, as a form has it.

        test_values: Whether they take the values' place; a call that happened is shown as it was.
    """
    alone = _alone(tree, table, call.extension)
    try:
        definitions = read_tree(alone)
    except DefinitionError as error:
        return Preview(errors=errors_of(error.problems, "webhook[1]"))
    name = definitions.webhooks[0].name
    tokens = _tokens(definitions.compiled(name))
    try:
        request = Engine(definitions).render(name, call, test_values=test_values)
    except EmptyParameter as error:
        return Preview(why=str(error), is_skipped=error.skips, tokens=tokens)
    except WebhookEngineError as error:
        return Preview(why=str(error), tokens=tokens)
    return Preview(request=request, tokens=tokens)


def call_of(sample: str, dynamic_parameter: str = "", *, recorded: Recorded | None = None) -> CallContext:
    """
    The recorded call, or else one of the sample calls; with what an agent or a linked cell gives.
    """
    found = recorded.call if recorded is not None else SAMPLES.get(sample) or next(iter(SAMPLES.values()))
    given = dynamic_parameter or (recorded.call.dynamic_parameter if recorded is not None else "")
    return found.replace(dynamic_parameter=given)


def _alone(tree: Mapping[str, Any], table: Table, extension: str) -> dict[str, Any]:
    """
    A document that holds the webhook, its group with stand-ins for its secrets, and an agent who may use it.
    """
    webhook = {key: value for key, value in table.items() if key != "view"}
    webhook["name"] = webhook.get("name") or _NAME
    groups = [_open(group) for group in tree.get("group", ()) if group.get("name") == webhook.get("group")]
    kept = {key: tree[key] for key in ("tenant", "variable") if key in tree}
    return {**kept, "agent": [{"extension": extension}], "group": groups, "webhook": [webhook]}


def _open(group: Mapping[str, Any]) -> dict[str, Any]:
    """
    The group as everybody's, its secrets stand-ins.
    """
    left_out = ("level", "member", "signing_secrets", "ca_file", "key", "username", "password")
    opened: dict[str, Any] = {key: value for key, value in group.items() if key not in left_out}
    match opened.get("authentication"):
        case "api-key":
            opened["key"] = _STAND_IN
        case "credentials":
            opened |= {"username": _STAND_IN, "password": _STAND_IN}
        case "oauth2":
            opened["oauth2"] = _client(opened.get("oauth2", {}))
    return opened


def _client(oauth2: Mapping[str, Any]) -> dict[str, Any]:
    client = {**oauth2, "client_id": _STAND_IN, "client_secret": _STAND_IN}
    if oauth2.get("grant") == "refresh-token":
        client["refresh_token"] = _STAND_IN
    return client


def _tokens(compiled: CompiledWebhook) -> Mapping[str, Sequence[Token]]:
    """
    Path of a field -> its tokens, in their order.
    """
    webhook = compiled.definition
    paths = {
        parameter.name: f"parameter[{index}].value"
        for index, parameter in enumerate(webhook.parameters, start=1)
    }
    found: dict[str, list[Token]] = {}
    own = {header.name: f"header[{index}].value" for index, header in enumerate(webhook.headers, start=1)}
    body = [("body", compiled.body)] if compiled.body is not None else []
    headers = [(own[name], template) for name, template in compiled.headers if name in own]
    for field_name, template in (("url", compiled.url), *body, *headers):
        for place in template.places:
            path = field_name if place.parameter is None else paths.get(place.parameter)
            if path is not None:
                found.setdefault(path, []).append(_token(place))
    return found


def _token(place: Place) -> Token:
    return Token(expression=place.expression, slot=str(place.slot), is_raw=place.raw)
