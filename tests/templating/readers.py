"""
What the far side reads: nothing of ours, only the parsers of the standard library.
"""

import json
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from webhook_engine.templating import Slot

READERS = {
    Slot.URL_PATH: lambda wire: unquote(
        urlsplit(f"https://crm.example.com/a/{wire}/b").path.split("/")[2], errors="strict"
    ),
    Slot.URL_QUERY: lambda wire: dict(
        parse_qsl(f"x={wire}&y=1", keep_blank_values=True, strict_parsing=True)
    )["x"],
    Slot.URL_FRAGMENT: lambda wire: unquote(
        urlsplit(f"https://crm.example.com/#{wire}").fragment, errors="strict"
    ),
    Slot.FORM: lambda wire: dict(parse_qsl(f"x={wire}&y=1", keep_blank_values=True, strict_parsing=True))[
        "x"
    ],
    Slot.JSON_STRING: lambda wire: json.loads(f'["{wire}"]')[0],
    Slot.JSON_VALUE: lambda wire: json.loads(f"[{wire}]")[0],
    Slot.XML_TEXT: lambda wire: ElementTree.fromstring(f"<a>{wire}</a>".encode()).text or "",
    Slot.XML_ATTRIBUTE: lambda wire: ElementTree.fromstring(f'<a x="{wire}"/>'.encode()).get("x"),
    Slot.HEADER: lambda wire: wire,
    Slot.TEXT: lambda wire: wire,
    Slot.URL_HOST: lambda wire: wire,
}
"""How each slot decodes."""
