"""
What an integrator writes down: groups, webhooks, rules and tests, from TOML to compiled definitions.
"""

from typing import TYPE_CHECKING

from webhook_engine.definitions.cases import Canned, Expectation, Happening, TestCase
from webhook_engine.definitions.compiled import (
    CREDENTIAL_KEY,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_USERNAME,
    CREDENTIALS,
    CompiledRule,
    CompiledThen,
    CompiledWebhook,
)
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.files import (
    read,
    read_file,
    read_folder,
    read_text,
    read_tree,
    tree_of_definitions,
    write_toml,
)
from webhook_engine.definitions.groups import Agent, Group, Member, OAuth2, SecretRef
from webhook_engine.definitions.rules import CustomVariable, Rule, Then
from webhook_engine.definitions.uses import used_by, without
from webhook_engine.definitions.webhooks import Header, OutcomeDefinition, Parameter, Webhook
from webhook_engine.definitions.words import (
    Authentication,
    CannedFault,
    ClientIn,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    Grant,
    KeyIn,
    Level,
    ParameterIn,
    PopState,
    SecretKind,
    SettledAs,
    WebhookType,
    WhenEmpty,
    Withdrawal,
)
from webhook_engine.responses import Column, Outcome, ResponseType, View
from webhook_engine.variables import Tenant

if TYPE_CHECKING:
    from webhook_engine.definitions.linting import Finding, lint

__all__ = [
    "CREDENTIALS",
    "CREDENTIAL_KEY",
    "CREDENTIAL_PASSWORD",
    "CREDENTIAL_USERNAME",
    "Agent",
    "Authentication",
    "Canned",
    "CannedFault",
    "ClientIn",
    "Column",
    "CompiledRule",
    "CompiledThen",
    "CompiledWebhook",
    "ContentType",
    "CredentialsIn",
    "CustomVariable",
    "Definitions",
    "DeliveryClass",
    "Expectation",
    "Finding",
    "Grant",
    "Group",
    "Happening",
    "Header",
    "KeyIn",
    "Level",
    "Member",
    "OAuth2",
    "Outcome",
    "OutcomeDefinition",
    "Parameter",
    "ParameterIn",
    "PopState",
    "ResponseType",
    "Rule",
    "SecretKind",
    "SecretRef",
    "SettledAs",
    "Tenant",
    "TestCase",
    "Then",
    "View",
    "Webhook",
    "WebhookType",
    "WhenEmpty",
    "Withdrawal",
    "lint",
    "read",
    "read_file",
    "read_folder",
    "read_text",
    "read_tree",
    "tree_of_definitions",
    "used_by",
    "without",
    "write_toml",
]


def __getattr__(name: str) -> object:
    # Who only sends webhooks does not pay for looking them over.
    if name in ("Finding", "lint"):
        from webhook_engine.definitions import linting

        return getattr(linting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
