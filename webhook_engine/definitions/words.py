"""
The words a definitions file is written in.
"""

from enum import StrEnum


class Authentication(StrEnum):
    """
    How a target system wants to know who asks.
    """

    NONE = "none"
    API_KEY = "api-key"
    CREDENTIALS = "credentials"
    """A user name and a password."""

    OAUTH2 = "oauth2"


class Level(StrEnum):
    """
    Whose secrets a group uses.
    """

    GLOBAL = "global"
    """One set for everybody."""

    USER = "user"
    """Each agent's own; an agent without any is refused and nothing is sent."""


class KeyIn(StrEnum):
    """
    Where an API key travels.
    """

    HEADER = "header"
    QUERY = "query"
    BODY = "body"


class CredentialsIn(StrEnum):
    """
    Where a user name and a password travel.
    """

    BASIC = "basic"
    """`Authorization: Basic …`, RFC 7617."""

    QUERY = "query"
    BODY = "body"


class ClientIn(StrEnum):
    """
    Where an OAuth2 client names itself to the token URL; RFC 6749, 2.3.1.
    """

    BASIC = "basic"
    BODY = "body"


class Grant(StrEnum):
    """
    How a token is earned.
    """

    CLIENT_CREDENTIALS = "client-credentials"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105  # the grant's name


class SecretKind(StrEnum):
    """
    Where a secret lives.
    """

    ENV = "env"
    FILE = "file"
    VAULT = "vault"
    LITERAL = "literal"
    """In the definition itself."""


class WebhookType(StrEnum):
    """
    What a webhook does with its request.
    """

    BROWSER_WINDOW = "browser-window"
    """The agent's browser opens the URL; nothing is sent from here."""

    AJAX_GET = "ajax-get"
    AJAX_POST = "ajax-post"
    AJAX_PUT = "ajax-put"
    AJAX_DELETE = "ajax-delete"

    @property
    def method(self) -> str:
        """
        The HTTP method; a browser opens its window with GET.
        """
        return _METHODS.get(self, "GET")

    @property
    def has_body(self) -> bool:
        """
        Whether parameters travel in a body; those of the others travel in the query.
        """
        return self in (WebhookType.AJAX_POST, WebhookType.AJAX_PUT)

    @property
    def is_sent(self) -> bool:
        """
        Whether the request leaves from here, so that it can carry headers and get a response.
        """
        return self is not WebhookType.BROWSER_WINDOW


_METHODS = {
    WebhookType.AJAX_POST: "POST",
    WebhookType.AJAX_PUT: "PUT",
    WebhookType.AJAX_DELETE: "DELETE",
}


class ContentType(StrEnum):
    """
    The form of the data that is sent.
    """

    URL = "url"
    """In the query, or as a form where there is a body."""

    JSON = "json"
    XML = "xml"
    TEXT = "text"
    """Whatever the body template says."""

    @property
    def media_type(self) -> str:
        """
        What the Content-Type header says of a body in this form.
        """
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ContentType.URL: "application/x-www-form-urlencoded",
    ContentType.JSON: "application/json",
    ContentType.XML: "application/xml; charset=utf-8",
    ContentType.TEXT: "text/plain; charset=utf-8",
}


class DeliveryClass(StrEnum):
    """
    What is more important: the agent who waits, or that it arrives.
    """

    LIVE = "live"
    DURABLE = "durable"

    @property
    def deadline_s(self) -> float:
        """
        Seconds a request may take where its webhook does not say.
        """
        return 4.0 if self is DeliveryClass.LIVE else 15.0


class DeliveryOrder(StrEnum):
    """
    What a durable request waits for among those of the same call and webhook.
    """

    STRICT = "strict"
    """For every earlier one to be done or given up."""

    SKIP_ON_FAILURE = "skip-on-failure"
    """For every earlier one that has not failed yet; one that waits for a retry is passed."""

    NONE = "none"


class WhenEmpty(StrEnum):
    """
    What becomes of a parameter whose value came out empty.
    """

    SEND = "send"
    OMIT = "omit"
    DEFAULT = "default"
    SKIP = "skip"
    """The whole request is not sent, and that is no error."""

    FAIL = "fail"


class ParameterIn(StrEnum):
    """
    Which part of the request carries a parameter.
    """

    QUERY = "query"
    BODY = "body"


class CannedFault(StrEnum):
    """
    What goes wrong on the way to a target system, in a test.
    """

    TIME_OUT = "time-out"
    RESET = "reset"
    """The connection breaks once the request is on its way."""

    NO_CONNECTION = "no-connection"
    """Nobody takes the connection, so nothing was sent."""

    NO_NAME = "no-name"
    NO_TLS = "no-tls"
    NO_TOKEN = "no-token"  # noqa: S105  # a fault's name
    """The token URL of an `oauth2` group refuses."""


class SettledAs(StrEnum):
    """
    What becomes of a durable delivery after the attempts of a test.
    """

    DONE = "done"
    RETRIED = "retried"
    """It waits for another attempt."""

    DEAD = "dead"
    """It is given up."""

    HELD = "held"
    """It is kept back until its webhook is enabled, or its target is there again."""


class PopState(StrEnum):
    """
    What agents see of a webhook when a test is over.
    """

    OPEN = "open"
    WAITING = "waiting"
    """Its lookup has not been answered."""

    WITHDRAWN = "withdrawn"
    NONE = "none"


class Withdrawal(StrEnum):
    """
    Why a pop was withdrawn.
    """

    ANSWERED = "answered-elsewhere"
    TRANSFERRED = "transferred"
    """The call went to another agent, and this pop could not go along."""

    ENDED = "call-ended"
    DISPOSED = "disposed"
    """This agent has chosen a disposition and is done with the call."""

    ASKED_AGAIN = "asked-again"
    """The agent opened the same window by hand once more; the new one stands in its place."""

    NOTHING = "nothing-to-show"
    """The lookup came to no result that an agent should see."""

    DISMISSED = "dismissed"
    """The agent closed it, perhaps on another screen."""

    FORGOTTEN = "forgotten"
    """More is open, or for longer, than is remembered; the oldest goes first."""

    RESTARTED = "restarted"
    """The lookup was running when the service stopped."""
