"""
A number recognised at the first look is what `phonenumbers` makes of it.
"""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.templating.dialling import everyday

COUNTRIES = sorted(
    country
    for country in phonenumbers.SUPPORTED_REGIONS
    if (example := phonenumbers.example_number(country)) is not None
    and everyday(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), country)
)


def taken_apart(text, country):
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def examples():
    """
    Numbers that are, but for the last digits, ones that the country gives away as examples.
    """
    kinds = [value for name, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)]

    def near(drawn):
        country, kind, cut, digits = drawn
        example = phonenumbers.example_number_for_type(country, kind)
        known = "" if example is None else phonenumbers.national_significant_number(example)
        return country, known[: max(0, len(known) - cut)] + digits[:cut]

    digits = st.text("0123456789", min_size=4, max_size=14)
    return st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(kinds), st.integers(0, 4), digits).map(near)


@given(examples(), st.sampled_from(["0", "00", "", "+", "+0"]))
def test_nothing_is_recognised_that_is_something_else(near, before):
    """
    Whatever is dialled, in whichever country.
    """
    country, number = near
    code = str(phonenumbers.country_code_for_region(country)) if before.startswith("+") else ""
    text = before[:1] + code + before[1:] + number if code else before + number

    assert everyday(text, country) in {"", taken_apart(text, country)}


@pytest.mark.parametrize("country", ["ZA", "DE", "FR", "KE", "NG", "IN"])
@pytest.mark.parametrize("form", ["E164", "0"])
def test_what_a_country_dials_every_day_is_recognised(country, form):
    """
    Otherwise every number would be taken apart.
    """
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    whole = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    text = whole if form == "E164" else f"0{phonenumbers.national_significant_number(example)}"

    assert whole == everyday(text, country)


@pytest.mark.parametrize("country", [None, "", "XX", "us", "US", "GB", "IT", 27], ids=repr)
def test_where_numbers_need_a_closer_look_none_is_recognised(country):
    """
    A code that countries share, a 0 that belongs to the number, or no country at all.
    """
    assert "" == everyday("0821234567", country)
