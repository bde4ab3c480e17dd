"""
The forms of a telephone number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from webhook_engine.templating.dialling import everyday

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# Conrad <100@pbx0.example.com>, sip:+27821234567@host;user=phone, tel:0821234567;ext=1
_SCHEME = re.compile(r"\s*(?:sips?|tel):", re.IGNORECASE)
_DIALLED = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]*(\+?)([0-9][\s().\-/\u00a0\u2010-\u20150-9]*)\Z")
_LENGTH_LIMIT = 64
_SCHEME_LIMIT = 1024
_NO_DIGITS = bytes(range(128)).translate(None, b"0123456789")


def digits_of(text: str) -> str:
    """
    The digits 0 to 9 of a number; nothing else survives.
    """
    # A regular expression takes twenty times as long for a long text.
    return _bare(text).encode("ascii", "ignore").translate(None, _NO_DIGITS).decode("ascii")


def e164(text: str, country: str | None) -> str:
    """
    `+27821234567`; "" for what is no valid number there: withheld, a colleague's extension, a typo.
    """
    if found := everyday(text, country):
        return found
    number = _parsed(text[:_LENGTH_LIMIT], country)
    return "" if number is None else f"+{number.country_code}{_national_part(number)}"


def international(text: str, country: str | None) -> str:
    """
    `0027821234567`: E.164 with 00 for the plus.
    """
    return e164(text, country).replace("+", "00", 1)


def national(text: str, country: str | None) -> str:
    """
    `0821234567`, as dialled inside the number's own country, digits alone; "" for no valid number.
    """
    number = _parsed(text[:_LENGTH_LIMIT], country)
    if number is None:
        return ""
    import phonenumbers

    return digits_of(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


def _national_part(number: PhoneNumber) -> str:
    import phonenumbers

    return phonenumbers.national_significant_number(number)


def _bare(text: str) -> str:
    # A regular expression would look at every character of a long text before it gave up.
    wrapped = text.rstrip()
    if wrapped.endswith(">") and (start := wrapped.rfind("<")) >= 0 and ">" not in wrapped[start:-1]:
        text = wrapped[start + 1 : -1]
    text = _SCHEME.sub("", text[:_SCHEME_LIMIT], count=1) + text[_SCHEME_LIMIT:]
    return text.partition("@")[0].partition(";")[0]


# One call comes with several moments, and each of those with several webhooks.
@lru_cache(maxsize=1024)
def _parsed(text: str, country: str | None) -> PhoneNumber | None:
    dialled = _DIALLED.match(_bare(text))
    if dialled is None or not (country or dialled[1]):
        return None
    # 70 ms of tables: only templates that ask for a number form pay for them.
    import phonenumbers

    try:
        number = phonenumbers.parse("".join(dialled.groups()), country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
