"""
An XML template: text, attributes, CDATA, and well-formed at all times.
"""

from contextlib import suppress
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import RenderError, TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, Slot, compile_template

NAMES = ("A", "B", "CALL_NOTES")


def compiled(source):
    return compile_template(source, Kind.XML, names=NAMES)


def test_text_and_attributes_are_slots():
    """
    Either kind of quote.
    """
    template = compiled("<a x=\"{A}\" y='{A}'>{A}<b/>{{ A }}</a>")

    assert [Slot.XML_ATTRIBUTE, Slot.XML_ATTRIBUTE, Slot.XML_TEXT, Slot.XML_TEXT] == [
        place.slot for place in template.places
    ]


def test_angle_brackets_are_elements():
    """
    In XML only braces make a token.
    """
    assert "<A>x</A>" == compiled("<A>{A}</A>").render({"A": "x"})


def test_cdata_takes_values():
    """
    It is sent as the text it stands for, so that nothing can end it.
    """
    template = compiled("<a><![CDATA[<{A}> & {B}]]></a>")

    sent = template.render({"A": "]]>", "B": "<b/>"})

    assert "<]]>> & <b/>" == ElementTree.fromstring(sent).text


@pytest.mark.parametrize("source", ["<a>]]>{A}</a>", "<a>]{A}]></a>", "<a>]]{A}></a>"])
def test_what_ends_cdata_is_text_elsewhere(source):
    """
    An author may write it, in one piece or around a value.
    """
    assert "]]>" == ElementTree.fromstring(compiled(source).render({"A": ""})).text


def test_comments_and_instructions_stay():
    """
    They are the author's own.
    """
    source = "<?xml version='1.0' encoding='utf-8'?><!-- a --><?pi b?><a>{A}<!-- c --></a>"

    assert source.replace("{A}", "x") == compiled(source).render({"A": "x"})


@pytest.mark.parametrize("source", ["\n <a>{A}</a>\n", "\n<?xml version='1.0'?>\n<a>{A}</a>"])
def test_blanks_around_the_document_go(source):
    """
    A declaration stands at the very start.
    """
    assert ElementTree.fromstring(compiled(source).render({"A": "x"})).text == "x"


def test_line_ends_of_the_author_are_line_feeds():
    """
    As a parser would read them.
    """
    assert "<a>\n{}\n</a>".format("&#13;\n") == compiled("<a>\r\n{A}\r</a>").render({"A": "\r\n"})


NOT_XML = {
    "nothing": "",
    "text": "abc",
    "a token alone": "{A}",
    "text before the root": "x<a/>",
    "text after the root": "<a/>x",
    "a token after the root": "<a/>{A}",
    "CDATA before the root": "<![CDATA[x]]><a/>",
    "two roots": "<a/><b/>",
    "an open element": "<a>",
    "an element not opened": "</a>",
    "crossed elements": "<a><b></a></b>",
    "a bare ampersand": "<a>x & y</a>",
    "an unknown entity": "<a>&nbsp;</a>",
    "a character no XML has": "<a>&#0;</a>",
    "a hexadecimal character no XML has": "<a>&#xFFFF;</a>",
    "a character beyond Unicode": "<a>&#x110000;</a>",
    "a control character": "<a>\x01</a>",
    "a less-than sign": "<a>x < y</a>",
    "a less-than sign in an attribute": '<a b="<"/>',
    "an attribute without quotes": "<a b=c/>",
    "an attribute without a value": "<a b/>",
    "an attribute twice": '<a b="1" b="2"/>',
    "no blank between attributes": '<a b="1"c="2"/>',
    "an open attribute": '<a b="1>',
    "an open comment": "<a><!-- </a>",
    "an open CDATA": "<a><![CDATA[x</a>",
    "hyphens in a comment": "<a><!-- -- --></a>",
    "a document type": "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
    "a declaration in the middle": "<a><?xml version='1.0'?></a>",
    "a declaration after a comment": "<!-- a --><?xml version='1.0'?><a/>",
    "a declaration after an instruction": "<?pi?><?xml version='1.0'?><a/>",
    "two declarations": "<?xml version='1.0'?><?xml version='1.0'?><a/>",
    "a declaration of nothing": "<?xml?><a/>",
    "a declaration without a version": "<?xml encoding='utf-8'?><a/>",
    "a declaration of another version": "<?xml version='1.1'?><a/>",
    "a declaration that is neither": "<?xml version='1.0' standalone='maybe'?><a/>",
    "an instruction called XML": "<a><?XML x?></a>",
    "an instruction without a name": "<a><? x?></a>",
    "a blank that XML has not": "<a\u2028b='1'/>",
    "a prefix nobody declared": "<a:b/>",
    "a prefix declared elsewhere": "<a><b xmlns:x='u'/><x:c/></a>",
    "an attribute's prefix nobody declared": "<a b:c='1'/>",
    "a prefix declared in a branch": "<a{% if A %} xmlns:b='u'{% endif %}><b:c/></a>",
    "two colons": "<a xmlns:b='u'><b:c:d/></a>",
    "nothing before the colon": "<:a/>",
    "a token as a namespace": "<a xmlns='{A}'/>",
    "a token in a prefix's namespace": "<a xmlns:b='urn:{A}'/>",
    "another encoding": "<?xml version='1.0' encoding='iso-8859-1'?><a/>",
    "a name that is none": "<1a/>",
    "a token as a name": "<{A}/>",
    "a token in a name": "<a{A}/>",
    "a token for an attribute": "<a {A}/>",
    "a token as an attribute's name": '<a {A}="1"/>',
    "a token without quotes": "<a b={A}/>",
    "a token in a comment": "<a><!-- {A} --></a>",
    "a token in an instruction": "<?pi {A}?><a/>",
    "a token in the declaration": "<?xml version='{A}'?><a/>",
    "a token in a closing tag": "<a></a{A}>",
    "an if that opens": "<a>{% if A %}<b>{% endif %}</a>",
    "an if that quotes": '<a b="{% if A %}"{% endif %}"/>',
    "a loop that closes": "<a>{% for x in [1] %}</a>{% endfor %}",
    "too deep": "<a>" * 65 + "</a>" * 65,
}


@pytest.mark.parametrize("source", NOT_XML.values(), ids=NOT_XML.keys())
def test_what_is_not_xml_is_refused_when_read(source):
    """
    With the place; not when the first call comes.
    """
    with pytest.raises(TemplateSyntaxError):
        compiled(source)


def test_prefixes_hold_inside_of_the_tag_that_declares_them():
    """
    As every envelope of SOAP needs it.
    """
    source = '<s:a xmlns:s="urn:s" s:x="1" xml:lang="en"><s:b><c xmlns="urn:c" xmlns:t="urn:t"><t:d>{A}</t:d></c></s:b></s:a>'

    sent = compiled(source).render({"A": "<"})

    assert "<" == ElementTree.fromstring(sent).find(".//{urn:t}d").text


def test_the_place_of_a_mistake_is_told():
    """
    Line and column of the first character that cannot be right.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled("<a>\n  <b>{A}</c>\n</a>")

    assert (2, 9) == (caught.value.line, caught.value.column)
    assert "this is not XML: </c> stands where </b> should" == caught.value.problem


def test_branches_may_hold_elements_and_attributes():
    """
    As long as each opens and closes the same.
    """
    template = compiled(
        '<a {% if A %}x="{{ A }}"{% else %}y="1"{% endif %}>{% for b in B | split(",") %}<b>{{ b }}</b>{% endfor %}</a>'
    )

    assert '<a x="1"><b>2</b><b>3</b></a>' == template.render({"A": 1, "B": "2,3"})
    assert '<a y="1"><b></b></a>' == template.render({"A": "", "B": ""})


def test_branches_that_make_no_xml_are_refused_when_rendered():
    """
    An attribute twice shows only in the result.
    """
    template = compiled('<a {% if A %}x="1" {% endif %}{% if B %}x="2"{% endif %}/>')

    assert '<a x="1" />' == template.render({"A": 1, "B": ""})
    with pytest.raises(RenderError, match="the result is not XML"):
        template.render({"A": 1, "B": 1})


def test_raw_xml_must_be_well_formed():
    """
    An author may put in elements of their own.
    """
    template = compiled("<a>{{ A | raw }}</a>")

    assert "<a><b/></a>" == template.render({"A": "<b/>"})
    for bad in ("<b>", "&", "</a><a>", "\x00"):
        with pytest.raises(RenderError, match="the result is not XML"):
            template.render({"A": bad})


@pytest.mark.parametrize(
    "source",
    [
        "<a>{CALL_NOTES}</a>",
        "<a b='{CALL_NOTES}'/>",
        "<a>{{ CALL_NOTES }}</a>",
        "<a>{CALL_NOTES}{A}</a>",
        '<a b="1">\n\t{CALL_NOTES}</a>',
    ],
)
@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ufffe", "\uffff", "é\uffff", "\ud800"], ids=ascii)
def test_an_illegal_character_names_its_variable(source, bad):
    """
    Whichever way the text is rendered.
    """
    with pytest.raises(UnsafeValue, match=r"CALL_NOTES: XML cannot carry the character U\+"):
        compiled(source).render({"CALL_NOTES": f"a{bad}", "A": 1})


@pytest.mark.parametrize(
    "source", ["<a>{CALL_NOTES}</a>", '<a b="1">{CALL_NOTES}</a>', "<a b='{CALL_NOTES}'/>"]
)
@pytest.mark.parametrize("value", ["one\ntwo\rthree\r\n", 'C:\\users "x"\t', "\ufff0\ufffd\uff08"], ids=ascii)
def test_what_only_looks_like_an_illegal_character_survives(source, value):
    """
    Line breaks, what JSON would escape, and the neighbours of the noncharacters.
    """
    root = ElementTree.fromstring(compiled(source).render({"CALL_NOTES": value}))

    assert value in {root.text, root.get("b")}


@pytest.mark.parametrize("source", ["<a>{CALL_NOTES}</a>", "<a b='{CALL_NOTES}'/>", "<a>{A}{CALL_NOTES}</a>"])
def test_a_number_where_text_is_usual_changes_nothing(source):
    """
    The same template, whatever type a value happens to have.
    """
    assert "true" in compiled(source).render({"CALL_NOTES": True, "A": 1.5})


@given(st.text(st.sampled_from("<>/ab='\" &;#x1!-?[]\n")))
def test_reads_nothing_that_is_not_xml(source):
    """
    What is read, a parser reads.
    """
    try:
        sent = compiled(source).render({})
    except TemplateSyntaxError:
        return

    ElementTree.fromstring(sent)


@given(
    st.lists(
        st.sampled_from(
            [
                "<a",
                "<b",
                ">",
                "/>",
                "</a>",
                "</b>",
                " ",
                "x='1'",
                'y="{A}"',
                "{A}",
                "t",
                "&amp;",
                "&#10;",
                "<!--c-->",
                "<![CDATA[",
                "]]>",
                "<?p?>",
                "<?xml version='1.0'?>",
                "<p:c/>",
                " xmlns:p='u'",
                " p:z='1'",
                "{% if A %}",
                "{% endif %}",
                "{% else %}",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_renders_nothing_that_is_not_xml(source):
    """
    Through every branch.
    """
    try:
        template = compiled(source)
    except TemplateSyntaxError:
        return

    for value in ("", "<&\"'>"):
        with suppress(RenderError):
            ElementTree.fromstring(template.render({"A": value}))
