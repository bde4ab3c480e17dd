"""
Templates with Jinja expressions that Jinja itself understands, so that plain Jinja2 can render them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

URL = (
    "https://crm.example.com/api/{{ CALL_QUEUE | lower }}/contacts/{{ CALL_CRMTAG }}"
    "?name={{ CALLERID_NAME | default('unknown') }}&phone={{ CALLERID_NUMBER }}"
    "&direction={% if CALL_DIR == 'incoming' %}in{% else %}out{% endif %}"
    "&agent={{ EXTENSION | upper }}&duration={{ CALL_DURATION }}&notes={{ CALL_NOTES | trim }}"
)

JSON = """{
  "contact": {"name": "{{ CALLERID_NAME | upper }}", "phone": "{{ CALLERID_NUMBER }}", "crm_tag": "{{ CALL_CRMTAG }}"},
  "call": {
    "id": "{{ CALL_SIPID }}", "direction": "{% if CALL_DIR == 'incoming' %}in{% else %}out{% endif %}",
    "queue": "{{ CALL_QUEUE | lower }}", "duration_s": {{ CALL_DURATION }}, "at": "{{ DATETIME_DATE }}",
    "disposition": "{{ CALL_DISPOSITION }}", "outcome": "{{ CALL_OUTCOME | default('none') }}",
    "notes": "{{ CALL_NOTES | trim }}", "agent": "{{ EXTENSION | replace('-', '/') }}"
  }
}"""

_FILTERS = {
    "CALLERID_NAME": "upper",
    "CALL_QUEUE": "lower",
    "CALL_NOTES": "trim",
    "CALL_OUTCOME": "default('none')",
}


def xml(names: Iterable[str]) -> str:
    """
    An element for every name, a filter on every fifth.
    """
    elements = (
        f"<{name.lower()}>{{{{ {name}{' | ' + _FILTERS[name] if name in _FILTERS else ''} }}}}</{name.lower()}>"
        for name in names
    )
    return (
        "<call>"
        + "".join(elements)
        + "{% if CALL_DIR == 'incoming' %}<in/>{% else %}<out/>{% endif %}</call>"
    )
