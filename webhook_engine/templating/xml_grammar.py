"""
The words of XML that an author may write, as patterns.

Source:
    Extensible Markup Language (XML) 1.0, Fifth Edition.
"""

from __future__ import annotations

import re
from enum import Enum, auto

# XML 1.0, 2.3, productions 4 and 4a.
_NAME_START = (
    ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME = f"[{_NAME_START}][-.0-9\u00b7\u0300-\u036f\u203f\u2040{_NAME_START}]*"
_ENTITY = r"&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);"
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')"""
    r"""(?:\s+encoding\s*=\s*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?"""
    r"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>\Z""",
    re.ASCII,
)
ENCODING = re.compile(r"encoding\s*=\s*[\"']([^\"']*)")


class Mode(Enum):
    """
    What a walker is in the middle of.
    """

    CONTENT = auto()
    TAG = auto()
    ATTRIBUTE = auto()
    CDATA = auto()


STEPS = {
    Mode.CONTENT: re.compile(
        r"(?P<text>[^<&]+|" + _ENTITY + r")"
        r"|(?P<comment><!--(?:(?!--).)*-->)"
        r"|(?P<cdata><!\[CDATA\[)"
        r"|(?P<declaration><\?xml[ \t\r\n].*?\?>)"
        rf"|(?P<instruction><\?(?![Xx][Mm][Ll][ \t\r\n?])(?!{NAME}:){NAME}(?:[ \t\r\n].*?)?\?>)"
        rf"|(?P<close></(?P<closed>{NAME})[ \t\r\n]*>)"
        rf"|(?P<open><(?P<opened>{NAME})(?=[ \t\r\n/>]|\Z))",
        re.DOTALL,
    ),
    Mode.TAG: re.compile(
        r"(?P<blank>[ \t\r\n]+)"
        rf"|(?P<attribute>(?P<named>{NAME})[ \t\r\n]*=[ \t\r\n]*(?P<quote>[\"']))"
        r"|(?P<empty>/>)|(?P<end>>)",
    ),
    Mode.CDATA: re.compile(r"(?P<raw>(?:(?!\]\]>).)+)|(?P<leave>\]\]>)", re.DOTALL),
}
IN_QUOTES = {
    mark: re.compile(rf"(?P<text>[^<&{mark}]+|{_ENTITY})|(?P<unquote>{mark})") for mark in ('"', "'")
}
