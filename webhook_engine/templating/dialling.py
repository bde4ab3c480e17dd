"""
The everyday form of a telephone number, recognised without being taken apart.

`phonenumbers` asks a dozen questions of every number, 20 us for what most numbers answer at the first look: a `0`
or the country's own code before digits that are valid there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

_TRUNK: Final = "0"
"""What stands before a number dialled inside its country, in most of them."""

_KINDS: Final = (
    "mobile",
    "fixed_line",
    "toll_free",
    "shared_cost",
    "premium_rate",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


class Plan(NamedTuple):
    """
    What the numbers of one country look like.
    """

    code: str
    """As in `+27`."""

    valid: re.Pattern[str]
    """A number without what stands before it."""


def everyday(text: str, country: str | None) -> str:
    """
    E.164 of a number in its everyday form; "" for any other, valid or not.
    """
    plan = _plan(country) if country else None
    if plan is None:
        return ""
    if text[:1] == _TRUNK:
        rest = text[1:]
    elif text.startswith(plan.code):
        rest = text[len(plan.code) :]
    else:
        return ""
    return plan.code + rest if plan.valid.fullmatch(rest) is not None else ""


@lru_cache(maxsize=512)
def _plan(country: str) -> Plan | None:
    """
    None where numbers cannot be told at the first look: the code is shared by countries, or what is dialled
    before a number is more than a `0`.
    """
    if not isinstance(country, str):
        return None  # a template may say anything
    # 70 ms of tables: only templates that ask for a number form pay for them.
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(country.upper(), None)
    if known is None or known.country_code is None:
        return None
    abroad = known.international_prefix or ""
    if (
        len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[known.country_code]) > 1
        or known.national_prefix_for_parsing != _TRUNK
        or known.national_prefix_transform_rule
        or not (abroad.isdecimal() and abroad.startswith(_TRUNK * 2))
    ):
        return None
    return Plan(f"+{known.country_code}", _valid(known))


def _valid(known: PhoneMetadata) -> re.Pattern[str]:
    kinds = [_pattern(desc) for kind in _KINDS if (desc := getattr(known, kind)) and _pattern(desc)]
    # A second 0 belongs to what is dialled to call abroad, or to a number that is not of the everyday kind.
    return re.compile(f"(?!0)(?={_pattern(known.general_desc)}\\Z)(?:{'|'.join(kinds)})", re.ASCII)


def _pattern(desc: PhoneNumberDesc | None) -> str:
    if desc is None or not desc.national_number_pattern:
        return ""
    lengths = "|".join(f"\\d{{{size}}}" for size in desc.possible_length if size > 0)
    return f"(?=(?:{lengths})\\Z)(?:{desc.national_number_pattern})" if lengths else ""
