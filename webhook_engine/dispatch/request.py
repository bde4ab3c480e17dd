"""
A request, ready to be sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from multidict import istr

from webhook_engine.dispatch.credentials import TokenGrant
from webhook_engine.dispatch.egress import PUBLIC, EgressPolicy
from webhook_engine.dispatch.mask import HIDDEN, NOTHING, Masker
from webhook_engine.quick import maker, quick

# What is not asked for need not be unpacked; and who we are is nobody's secret. As istr
# aiohttp takes the names as they are.
OWN_HEADERS: Final = ((istr("Accept-Encoding"), "identity"), (istr("User-Agent"), "webhook-engine"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    What is the same for every request of one webhook.
    """

    webhook: str
    method: str = "GET"

    safe: bool = False
    """Whether its webhook says so of a method that is not safe by itself."""

    opens_in_browser: bool = False
    """Whether the agent's browser sends it, and we do not."""

    group: str = ""
    max_in_flight: int | None = None
    max_per_second: float | None = None

    deadline_s: float = 4.0
    """Seconds for everything: waiting for a free slot, a token, the name, and the last byte."""

    max_redirects: int = 0
    """How many redirects a GET follows."""

    policy: EgressPolicy = PUBLIC
    ca_file: str | None = None
    """Certificates (PEM) to trust in place of the system's."""

    added: tuple[tuple[str, str], ...] = OWN_HEADERS
    """Headers that the transport sends besides, for itself."""

    answer_is_secret: bool = False
    """Whether the response is for us alone: a token. Secrets that it repeats are then left in it."""

    @property
    def is_safe(self) -> bool:
        """
        Whether the target does nothing but answer, so that a request may be sent twice and be shared.
        """
        return self.safe or self.method == "GET"  # RFC 9110, 9.2.1


@quick
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PreparedRequest:
    """
    Every byte a webhook would send for one call.
    """

    route: Route

    url: str
    """Absolute and encoded; sent as it stands, without its fragment."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    mask: Masker = NOTHING
    """Hides the secrets in it."""

    grant: TokenGrant | None = None
    """What earns the token that is added just before sending; None where none is needed."""

    def __repr__(self) -> str:
        return f"PreparedRequest({self.method} {self.mask.text(self.url)})"

    @property
    def webhook(self) -> str:
        """
        The webhook's name.
        """
        return self.route.webhook

    @property
    def method(self) -> str:
        """
        The HTTP method, in capitals.
        """
        return self.route.method

    @property
    def deadline_s(self) -> float:
        """
        Seconds for everything.
        """
        return self.route.deadline_s

    @property
    def origin(self) -> str:
        """
        Scheme, host and port as the URL has them.
        """
        return origin_of(self.url)

    @property
    def target(self) -> str:
        """
        `host:port` of the target system.
        """
        return target_of(self.url)

    def masked(self) -> PreparedRequest:
        """
        The same request with its secrets hidden; for people and records, no longer for sending.
        """
        headers = tuple((name, self.mask.text(value)) for name, value in self.headers)
        if self.grant is not None:
            headers += (("Authorization", f"Bearer {HIDDEN}"),)
        return replace(
            self,
            grant=None,
            mask=NOTHING,  # which knows the secrets, and would take them along
            url=self.mask.text(self.url),
            headers=headers,
            body=None if self.body is None else self.mask.data(self.body),
        )

    def to_json(self) -> dict[str, object]:
        """
        What `render --json` prints; secrets are hidden.
        """
        shown = self.masked()
        headers = {str(name): value for name, value in shown.headers}  # JSON writers want plain text
        return {
            "webhook": self.webhook,
            "kind": "browser-window" if self.route.opens_in_browser else "request",
            "method": self.method,
            "url": shown.url,
            "headers": headers,
            "body": None if shown.body is None else shown.body.decode(errors="replace"),
        }


make_request = maker(PreparedRequest)


def origin_of(url: str) -> str:
    """
    Scheme and authority of an absolute URL.
    """
    end = _end_of_authority(url)
    return url[:end]


def target_of(url: str) -> str:
    """
    Host and port of an absolute URL, the scheme's own port where it names none.
    """
    slash = url.find("/", url.find("://") + 3)
    return _target(url if slash < 0 else url[:slash])


@lru_cache(maxsize=256)
def _target(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    authority = rest.partition("?")[0].partition("#")[0]
    host_port = authority.rpartition("@")[2]
    if host_port.rpartition("]")[2].find(":") >= 0:
        return host_port
    return f"{host_port}:{443 if scheme.lower() == 'https' else 80}"


def _end_of_authority(url: str) -> int:
    start = url.find("://") + 3
    slash = url.find("/", start)
    if slash >= 0 and url.find("?", start, slash) < 0 and url.find("#", start, slash) < 0:
        return slash
    return min((at for mark in "/?#" if (at := url.find(mark, start)) >= 0), default=len(url))
