"""
The encoders written in C that rendering stands on.

Both are the inner functions of their libraries: the public ones wrap every
result in a `Markup`, or build a whole URL, at many times the cost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import quote_plus

try:
    from markupsafe._speedups import _escape_inner
except ImportError:  # pragma: no cover  # MarkupSafe without its C part
    from markupsafe._native import _escape_inner

LEFT_BY_QUOTER = "!$'()*,"
"""What `quote` leaves as it is beside letters, digits and -._~: RFC 3986 allows it, we encode it."""

try:
    from yarl._quoting import _Quoter
except ImportError:  # pragma: no cover  # a yarl that keeps its quoter elsewhere
    _quoter: Callable[[str], str] = partial(quote_plus, safe=LEFT_BY_QUOTER)
else:
    # requote=False: a percent sign in a value is data, not an escape already made.
    _quoter = _Quoter(qs=True, requote=False)

quote: Callable[[str], str] = _quoter
"""Percent-encodes; a blank becomes a plus, a plus %2B; half a surrogate pair is dropped."""

escape: Callable[[str], str] = _escape_inner
"""&, <, >, " and ' as XML writes them."""
