"""
The words of definitions as a page writes them: the manual's where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "authentication": {
            "none": "None",
            "api-key": "API key",
            "credentials": "Credentials (user name and password)",
            "oauth2": "OAuth 2",
        },
        "level": {"global": "Global: one for everybody", "user": "User: each member has their own"},
        "key_in": {"header": "a header", "query": "the query", "body": "the body"},
        "credentials_in": {
            "basic": "HTTP Basic authentication",
            "query": "two parameters in the query",
            "body": "two parameters in the body",
        },
        "grant": {"client-credentials": "Client credentials", "refresh-token": "Refresh token"},
        "client_in": {"basic": "HTTP Basic authentication", "body": "the body"},
        "type": {
            "browser-window": "Browser Window",
            "ajax-get": "AJAX Get",
            "ajax-post": "AJAX Post",
            "ajax-put": "AJAX Put",
            "ajax-delete": "AJAX Delete",
        },
        "content_type": {"url": "URL", "json": "JSON", "xml": "XML", "text": "Text (a body of your own)"},
        "response_type": {
            "auto": "Found by itself",
            "json": "JSON",
            "xml": "XML",
            "form": "Form",
            "text": "Text",
        },
        "delivery": {"live": "Live: an agent waits", "durable": "Durable: it arrives, if later"},
        "enabled": {"": "Yes", "no": "No: nothing is sent; what is durable is kept"},
        "order": {
            "strict": "Strict: one after the other",
            "skip-on-failure": "Pass those that wait for a retry",
            "none": "None",
        },
        "when_empty": {
            "send": "send it empty",
            "omit": "leave it out",
            "default": "send the default",
            "skip": "send nothing at all",
            "fail": "refuse the request",
        },
        "in": {"query": "query", "body": "body"},
        "outcome": {
            "ok": "OK",
            "no-match": "No match",
            "refused": "Refused",
            "target-failed": "Target failed",
            "credentials-expired": "Credentials expired",
            "skipped": "Skipped",
        },
        "datetime_tokens": {
            "documented": "As the manual's examples have them",
            "by-name": "As their names say",
        },
        "slot": {
            "url host": "in the host",
            "url path": "in the path",
            "url query": "in the query",
            "url fragment": "in the fragment",
            "form": "in the form",
            "json string": "in a JSON text",
            "json value": "as a JSON value",
            "xml text": "in XML text",
            "xml attribute": "in an XML attribute",
            "header": "in a header",
            "text": "in plain text",
        },
        "state": {
            "ready": "Ready",
            "again": "To be tried again",
            "waiting": "Waiting for its time",
            "held": "Behind an earlier one",
            "leased": "Under way",
            "done": "Delivered",
            "dead": "Dead",
        },
        "attempt": {
            "maybe-delivered": "Perhaps delivered",
            "crashed": "Crashed",
            "not-sent": "Not sent",
        },
        "breaker": {
            "closed": "As usual",
            "open": "Left alone: it fails",
            "paused": "Left alone: it asked for a pause",
            "half-open": "One request, to see whether it is back",
            "recovering": "Coming back: more and more",
        },
        "scope": {
            "events": "Hand in call events",
            "ask": "Ask or open webhooks for an agent",
            "stream": "Follow any agent's screen, and close what is on it",
            "deliveries": "See deliveries with their requests and responses, replay and drop them",
            "metrics": "Read the metrics",
            "admin": "What an application adds for its administrators",
            "xml": "Every action of the XML API",
        },
        "deed": {"replay": "Replay", "drop": "Drop"},
        "moment": {
            "ringing": "Ringing",
            "answered": "Answered",
            "transferred": "Transferred",
            "ended": "Ended",
            "disposed": "Disposed",
            "manual": "Manual",
        },
        "direction": {"incoming": "Incoming", "outgoing": "Outgoing"},
        "disposition": {
            "Success": "Success",
            "Unsure": "Unsure",
            "Failed": "Failed (a failed number)",
            "Failed Contact": "Failed Contact",
        },
        "withdrawn": {
            "answered-elsewhere": "another agent answered the call",
            "transferred": "the call went to another agent",
            "call-ended": "the call has ended",
            "disposed": "the agent has disposed of the call",
            "asked-again": "it was opened anew",
            "nothing-to-show": "there is nothing to show",
            "dismissed": "the agent closed it",
            "forgotten": "too much is open",
            "restarted": "the service was started again",
        },
        "role": {"administrator": "Administrator", "manager": "Manager", "agent": "Agent"},
    }
)
"""Field -> its words in a file -> what a reader sees."""


LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "url": "URL",
        "old": "the password you have",
        "new": "new password",
        "again": "new password, once more",
        "type": "type",
        "when_empty": "when it is empty",
        "in": "travels in",
        "is": "it is",
        "say": "what the agent reads",
        "body": "body template",
        "body_root": "root element",
        "deadline_s": "deadline in seconds",
        "stale_s": "oldest answer in seconds",
        "safe": "only looks something up",
        "max_redirects": "redirects that are followed",
        "order": "order within a call",
        "hold_s": "longest hold in seconds",
        "expires_s": "given up after seconds",
        "max_attempts": "attempts",
        "longest_wait_s": "longest wait between attempts in seconds",
        "retry_on": "try again after",
        "hosts": "hosts it may reach",
        "silence": "worth a look",
        "records": "path of the records",
        "view": "table",
        "on": "at these moments",
        "then": "link",
        "webhooks": "webhook",
        "after": "after the response of",
        "at_most": "of a list at most",
        "call_queue": "call queues",
        "key_in": "the key goes in",
        "key_name": "name of that header or parameter",
        "key_prefix": "what stands before the key",
        "key": "API key",
        "credentials_in": "they go as",
        "username": "user name",
        "username_name": "parameter of the user name",
        "password_name": "parameter of the password",
        "oauth2": "OAuth 2",
        "token_url": "token URL",
        "client_in": "the client names itself in",
        "max_in_flight": "requests at one time",
        "max_per_second": "requests in a second",
        "ca_file": "certificates to trust",
        "signing_secrets": "signing secrets",
    }
)
"""Key of a definition -> what forms call it, where that is not the key itself."""


def word_of(value: object, kind: str) -> str:
    """
    What a reader sees for *value* of a field of this *kind*; the value itself where there is nothing better.
    """
    return WORDS.get(kind, {}).get(str(value), str(value))


def took_of(seconds: float | None) -> str:
    """
    How long something took, in the unit that suits it.
    """
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
