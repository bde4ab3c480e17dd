"""
Every error of this project, drawn as a tree.

    WebhookEngineError                 one except catches all floors
      x VariableError                  a call or a variable is not what it should be
        + UnknownVariable              · InvalidCall
      x TemplateError                  a template cannot be read or rendered
        + TemplateSyntaxError          line and column
        + UnsafeValue                  the slot cannot carry this value (CR in a header, ".." in a path)
        + TemplateTooLarge             output or loops beyond the bound
        + RenderError                  an expression failed on these values
        + EmptyParameter               when_empty = "fail" (or "skip": EmptyParameter.skips)
      x DefinitionError                every problem with its place in the document
        + DefinitionInUse              referenced elsewhere, so it cannot be deleted
      x DispatchError                  no response; carries the target, never the credential
        + AgentRefused                 this extension may not use this webhook; nothing was sent
        + SecretMissing                a key or password is not where its reference says
        + TokenRefused                 the token URL gave no token
        + AuthoritiesMissing           a group's ca_file cannot be used
        + FrozenUnusable               a kept request is damaged, or its webhook changed; nothing was sent
        + EgressRefused                we chose not to: never retried
        + LimitExceeded                a group's limit held the request back until its deadline
        + TargetPaused                 it failed too often, or asked for a pause: not asked for a while
        + TransportError
          - NameNotFound  - ConnectFailed  - TlsFailed  - TimedOut  - ConnectionLost
      x ResponseError                  a response we cannot use; carries the Response where there is one
        + ResponseTooLarge             · UnreadableResponse  · RejectedResponse (status ≥ 400)
      x QueueError                     the delivery queue cannot do what was asked
        + LeaseLost                    the delivery was given to somebody else meanwhile, or dropped
        + QueueOwned                   another process has this queue's file; it is named
        + QueueUnavailable             no room, a lock, no answer: whether something was accepted it says
        + DeliveryTooLarge             one row would take more than the queue keeps; nothing was accepted
      x SignatureInvalid               a signature does not prove who sent a request
      x StoreError                     the store cannot do what was asked
        + StoreOwned                   another process has this store's file; it is named
        + StoreOutdated                the schema is not this version's; says what to run
        + StoreUnavailable             no room, a lock, no answer: nothing was changed
        + StoreUncertain               the connection was lost at the end of a change: nobody knows whether it was made
        + StoreConflict                somebody saved definitions meanwhile
        + FeedConflict                 another feed has this idempotency key; nothing was stored
        + VaultLocked                  no key, or none that opens what is sealed
      x NatsError                      NATS cannot do what was asked
        + NatsUnavailable              no server answers now
        + NatsUnprepared               streams or consumers are not as they must be; says what to run
      x ActionRefused                  a sentence of the XML API; its classes are in xml_api/faults.py
      x SettingsError                  every setting that cannot be used, and where it stands
      x NotFound                       no webhook, group, agent or rule of that name
      x WrongType                      a page cannot be asked, a request cannot be opened
      x MissingExtra (ImportError)     says what to pip install
"""

from webhook_engine.variables.errors import (
    InvalidCall,
    UnknownVariable,
    VariableError,
    WebhookEngineError,
    did_you_mean,
)

from .definitions import DefinitionError, DefinitionInUse, NotFound, Problem, WebhookDisabled, WrongType
from .dispatch import (
    AgentRefused,
    AuthoritiesMissing,
    ConnectFailed,
    ConnectionLost,
    DispatchError,
    EgressRefused,
    FrozenUnusable,
    LimitExceeded,
    NameNotFound,
    SecretMissing,
    SignatureInvalid,
    TargetPaused,
    TimedOut,
    TlsFailed,
    TokenRefused,
    TransportError,
)
from .nats import NatsError, NatsUnavailable, NatsUnprepared
from .queue import DeliveryTooLarge, LeaseLost, QueueError, QueueOwned, QueueUnavailable
from .responses import RejectedResponse, ResponseError, ResponseTooLarge, UnreadableResponse
from .settings import MissingExtra, SettingsError
from .store import (
    FeedConflict,
    StoreConflict,
    StoreError,
    StoreOutdated,
    StoreOwned,
    StoreUnavailable,
    StoreUncertain,
    VaultLocked,
)
from .templates import (
    EmptyParameter,
    RenderError,
    TemplateError,
    TemplateSyntaxError,
    TemplateTooLarge,
    UnsafeValue,
)
from .xml_api import ActionRefused

__all__ = [
    "ActionRefused",
    "AgentRefused",
    "AuthoritiesMissing",
    "ConnectFailed",
    "ConnectionLost",
    "DefinitionError",
    "DefinitionInUse",
    "DeliveryTooLarge",
    "DispatchError",
    "EgressRefused",
    "EmptyParameter",
    "FeedConflict",
    "FrozenUnusable",
    "InvalidCall",
    "LeaseLost",
    "LimitExceeded",
    "MissingExtra",
    "NameNotFound",
    "NatsError",
    "NatsUnavailable",
    "NatsUnprepared",
    "NotFound",
    "Problem",
    "QueueError",
    "QueueOwned",
    "QueueUnavailable",
    "RejectedResponse",
    "RenderError",
    "ResponseError",
    "ResponseTooLarge",
    "SecretMissing",
    "SettingsError",
    "SignatureInvalid",
    "StoreConflict",
    "StoreError",
    "StoreOutdated",
    "StoreOwned",
    "StoreUnavailable",
    "StoreUncertain",
    "TargetPaused",
    "TemplateError",
    "TemplateSyntaxError",
    "TemplateTooLarge",
    "TimedOut",
    "TlsFailed",
    "TokenRefused",
    "TransportError",
    "UnknownVariable",
    "UnreadableResponse",
    "UnsafeValue",
    "VariableError",
    "VaultLocked",
    "WebhookDisabled",
    "WebhookEngineError",
    "WrongType",
    "did_you_mean",
]
