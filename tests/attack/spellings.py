"""
The ways in which a secret may stand in a text that somebody reads.
"""

import base64
import html
import json
import urllib.parse
from functools import cache
from xml.sax.saxutils import escape


@cache
def spellings(secret):
    """
    Name of the encoding -> what stands there. Independent of how the project masks.
    """
    raw = secret.encode()
    found = {
        "as it is": raw,
        "percent": urllib.parse.quote(secret, safe="").encode(),
        "percent, small": urllib.parse.quote(secret, safe="").lower().encode(),
        "percent, but slashes": urllib.parse.quote(secret).encode(),
        "form": urllib.parse.quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON in JSON": json.dumps(json.dumps(secret))[3:-3].encode(),
        "XML": escape(secret).encode(),
        "XML attribute": escape(secret, {'"': "&quot;"}).encode(),
        "HTML": html.escape(secret).encode(),
        "HTML, as markupsafe": html.escape(secret)
        .replace("&quot;", "&#34;")
        .replace("&#x27;", "&#39;")
        .encode(),
        "hex": raw.hex().encode(),
    }
    for shift in range(3):
        # Without the characters at the edges, which depend on what stands beside it.
        start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        found[f"base64 at {shift}"] = base64.b64encode(bytes(shift) + raw)[start:end]
        found[f"base64 for URLs at {shift}"] = base64.urlsafe_b64encode(bytes(shift) + raw)[start:end]
    return found


def leaks(text, secrets):
    """
    (name of the secret, encoding, what stands around it) of all secrets in a text.
    """
    data = text.encode() if isinstance(text, str) else text
    return [
        (name, how, data[max(0, data.index(spelled) - 60) : data.index(spelled) + len(spelled) + 20])
        for name, secret in secrets.items()
        for how, spelled in spellings(secret).items()
        if spelled in data
    ]
