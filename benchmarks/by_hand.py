"""
The limit: what a careful author would write for one template and no other.

Each function makes the bytes that the template beside it describes; nothing is
looked up, parsed or decided while it runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import orjson
from markupsafe._speedups import _escape_inner
from yarl._quoting import _Quoter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook_engine.variables import Value

# The C function alone: `markupsafe.escape` wraps every value in a Markup, for eight times the cost.
escape = cast("Callable[[object], str]", _escape_inner)
_quote = _Quoter(qs=True, requote=False)
_not_in_xml = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search
_not_in_a_header = re.compile(r"[^\t\x20-\x7e]").search

URL = (
    "https://crm.example.com/api/{CALL_QUEUE}/contacts/{CALL_CRMTAG}?name={CALLERID_NAME}"
    "&phone={CALLERID_NUMBER}&direction={CALL_DIR}&agent={EXTENSION}&duration={CALL_DURATION}&notes={CALL_NOTES}"
)


def quote(value: object) -> str:
    """
    yarl's C quoter; it writes a space as a plus, and `URL` wants %20.
    """
    return _quote(str(value)).replace("+", "%20")


def url(v: Mapping[str, Value]) -> str:
    return (
        f"https://crm.example.com/api/{quote(v['CALL_QUEUE'])}/contacts/{quote(v['CALL_CRMTAG'])}"
        f"?name={quote(v['CALLERID_NAME'])}&phone={quote(v['CALLERID_NUMBER'])}&direction={quote(v['CALL_DIR'])}"
        f"&agent={quote(v['EXTENSION'])}&duration={quote(v['CALL_DURATION'])}&notes={quote(v['CALL_NOTES'])}"
    )


JSON = """{
  "contact": {"name": "{CALLERID_NAME}", "phone": "{CALLERID_NUMBER}", "crm_tag": "{CALL_CRMTAG}"},
  "call": {
    "id": "{CALL_SIPID}", "direction": "{CALL_DIR}", "queue": "{CALL_QUEUE}", "duration_s": {CALL_DURATION},
    "at": "{DATETIME_DATE}", "disposition": "{CALL_DISPOSITION}", "outcome": "{CALL_OUTCOME}",
    "notes": "{CALL_NOTES}", "agent": "{EXTENSION}"
  }
}"""


def json(v: Mapping[str, Value]) -> bytes:
    return orjson.dumps(
        {
            "contact": {
                "name": v["CALLERID_NAME"],
                "phone": v["CALLERID_NUMBER"],
                "crm_tag": v["CALL_CRMTAG"],
            },
            "call": {
                "id": v["CALL_SIPID"],
                "direction": v["CALL_DIR"],
                "queue": v["CALL_QUEUE"],
                "duration_s": v["CALL_DURATION"],
                "at": v["DATETIME_DATE"],
                "disposition": v["CALL_DISPOSITION"],
                "outcome": v["CALL_OUTCOME"],
                "notes": v["CALL_NOTES"],
                "agent": v["EXTENSION"],
            },
        }
    )


XML_NAMES = (
    *("CALLERID_NAME", "CALLERID_NUMBER", "CALLERID", "CALL_CRMTAG", "CALL_DIR", "CALL_DISPOSITION"),
    *("CALL_DURATION", "CALL_NOTES", "CALL_NUMBER", "CALL_OUTCOME", "CALL_QUEUE", "CALL_SIPID"),
    *("DATETIME_DATE", "DATETIME_TIME", "DATETIME", "DYNAMIC_PARAMETER", "EXTENSION_NO", "EXTENSION"),
    *("ACCOUNT", "TIER"),
)
XML = "<call>" + "".join(f"<{name.lower()}>{{{name}}}</{name.lower()}>" for name in XML_NAMES) + "</call>"


def xml(v: Mapping[str, Value]) -> bytes:
    return (
        f"<call><callerid_name>{escape(v['CALLERID_NAME'])}</callerid_name>"
        f"<callerid_number>{escape(v['CALLERID_NUMBER'])}</callerid_number>"
        f"<callerid>{escape(v['CALLERID'])}</callerid>"
        f"<call_crmtag>{escape(v['CALL_CRMTAG'])}</call_crmtag>"
        f"<call_dir>{escape(v['CALL_DIR'])}</call_dir>"
        f"<call_disposition>{escape(v['CALL_DISPOSITION'])}</call_disposition>"
        f"<call_duration>{v['CALL_DURATION']}</call_duration>"
        f"<call_notes>{escape(v['CALL_NOTES'])}</call_notes>"
        f"<call_number>{escape(v['CALL_NUMBER'])}</call_number>"
        f"<call_outcome>{escape(v['CALL_OUTCOME'])}</call_outcome>"
        f"<call_queue>{escape(v['CALL_QUEUE'])}</call_queue>"
        f"<call_sipid>{escape(v['CALL_SIPID'])}</call_sipid>"
        f"<datetime_date>{escape(v['DATETIME_DATE'])}</datetime_date>"
        f"<datetime_time>{escape(v['DATETIME_TIME'])}</datetime_time>"
        f"<datetime>{escape(v['DATETIME'])}</datetime>"
        f"<dynamic_parameter>{escape(v['DYNAMIC_PARAMETER'])}</dynamic_parameter>"
        f"<extension_no>{escape(v['EXTENSION_NO'])}</extension_no>"
        f"<extension>{escape(v['EXTENSION'])}</extension>"
        f"<account>{escape(v['ACCOUNT'])}</account><tier>{escape(v['TIER'])}</tier></call>"
    ).encode()


def xml_checked(v: Mapping[str, Value]) -> bytes:
    """
    The same by an author who knows that XML cannot carry every character.
    """
    made = xml(v)
    if _not_in_xml(made.decode()):
        raise ValueError(made)
    return made


HEADER = "{CALL_SIPID};agent={EXTENSION};queue={CALL_QUEUE}"


def header(v: Mapping[str, Value]) -> str:
    text = f"{v['CALL_SIPID']};agent={v['EXTENSION']};queue={v['CALL_QUEUE']}"
    if _not_in_a_header(text):
        raise ValueError(text)
    return text
