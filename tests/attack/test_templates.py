"""
What a template, or a value in one, could be made to do: reach what is behind it, be read twice, or take for ever.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tests.templating.readers import READERS
from webhook_engine import CallContext, Engine
from webhook_engine.definitions import lint, read_text
from webhook_engine.errors import TemplateError, UnsafeValue
from webhook_engine.templating import ESCAPERS, Kind, Slot, compile_expression, compile_template
from webhook_engine.testing import FakeTarget

NAMES = frozenset({"CALLERID", "CALL_NOTES"})
VALUES = {"CALLERID": "100", "CALL_NOTES": "a,b"}
HOSTILE = json.loads(Path(__file__).with_name("corpus").joinpath("hostile.json").read_text(encoding="utf-8"))

# --- Ways out of the sandbox -------------------------------------------------------------------------

ESCAPES = {
    "CVE-2014-1402, CVE-2016-10745: str.format": "'{0.__class__.__init__.__globals__}'.format(CALLERID)",
    "CVE-2019-10906: str.format_map": "'{a.__class__.__mro__}'.format_map({'a': CALLERID})",
    "CVE-2019-8341: from_string": "self.environment.from_string('{{ 1 }}')",
    "CVE-2020-28493: urlize": "('a@' * 9999) | urlize",
    "CVE-2024-22195: keys of xmlattr": "{'a b=c onload=x': 1} | xmlattr",
    "CVE-2024-34064: keys of xmlattr": "{'a/onload=x': 1} | xmlattr",
    "CVE-2024-56326: format kept in a variable": "[('{0.__class__}').format] | map('string') | list",
    "CVE-2024-56326: format handed to a filter": "[CALLERID] | map('{0.__class__}'.format) | list",
    "CVE-2025-27516: format by attr": "('{0.__class__}' | attr('format'))(CALLERID)",
    "CVE-2025-27516: format_map by attr": "('{a.__class__}' | attr('format_map'))({'a': 1})",
    "CVE-2025-27516: attr by map": "['{0.__class__}'] | map('attr', 'format') | list",
    "attr in pieces": "CALLERID | attr(['_' * 2, 'class', '_' * 2] | join)",
    "attr in escapes": r"CALLERID | attr('\x5f\x5fclass\x5f\x5f')",
    "attr of attr": "(CALLERID | attr('upper')) | attr('__self__')",
    "an item for an attribute": "CALLERID['upper']['__self__']",
    "classes that know those made of them": "''.__init_subclass__",
    "what pickle asks": "CALLERID.__reduce_ex__(2)",
    "what dir asks": "CALLERID.__dir__()",
    "__getattribute__": "CALLERID.__getattribute__('__class__')",
    "__format__": "CALLERID.__format__('>9999')",
    "mro": "CALLERID.mro()",
    "the frame of a generator": "([1] | map('string')).gi_frame.f_back.f_globals",
    "the code of a generator": "([1] | select).gi_code.co_consts",
    "the frame of a coroutine": "CALLERID.cr_frame",
    "the frame of an asynchronous generator": "([1] | map('string')).ag_frame",
    "a frame by a subscript": "([1] | map('string'))['gi_frame']",
    "a traceback": "CALLERID.__traceback__.tb_frame",
    "globals of a function": "lipsum.func_globals",
    "a cycler's methods": "cycler.next.__globals__",
    "a joiner": "joiner.__call__.__globals__",
    "a namespace": "namespace.__getattribute__('x')",
    "a macro's facts": "caller.__class__",
    "the template itself": "self._TemplateReference__context.eval_ctx",
    "the context": "self.__context__.environment",
    "a translation": "_('{0.__class__}')",
    "gettext": "gettext.__globals__",
    "undefined": "nope.__init__.__globals__",
    "undefined, behind default": "(nope | default(lipsum)).__globals__",
    "a test that calls": "CALLERID is callable",
    "a test for names of filters": "'attr' is filter",
    "map by a name of a value's": "['upper'] | map(CALLERID) | list",
    "select by attribute": "[CALLERID] | selectattr('__class__') | list",
    "reject by attribute": "[CALLERID] | rejectattr('__class__.__mro__') | list",
    "group by attribute": "[CALLERID] | groupby(attribute='__class__') | list",
    "greatest by attribute": "[CALLERID] | max(attribute='__class__.__mro__')",
    "unique by attribute": "[CALLERID] | unique(attribute='__class__') | list",
    "asynchronous": "CALLERID | auto_await",
    "a bytes literal": "b'x'.decode",
    "a walrus": "(x := 1)",
    "a lambda": "lambda: 1",
    "a comprehension": "[x for x in [1]]",
    "await": "await CALLERID",
    "stars": "[*CALLERID]",
    "an f-string": "f'{CALLERID.__class__}'",
}


@pytest.mark.parametrize("expression", ESCAPES.values(), ids=ESCAPES.keys())
def test_no_escape_gets_out(expression):
    """
    In a template of any kind, in a loop, behind `set`, and as a condition: an error, and nothing of Python's.
    """
    for source in (
        f"{{{{ {expression} }}}}",
        f"{{% set x = {expression} %}}{{{{ x }}}}",
        f"{{% for x in [{expression}] %}}{{{{ x }}}}{{% endfor %}}",
        f"{{% if {expression} %}}x{{% endif %}}",
    ):
        with pytest.raises(TemplateError):
            compile_template(source, Kind.TEXT, names=NAMES).render(VALUES)
    with pytest.raises(TemplateError):
        compile_expression(expression, names=NAMES).evaluate(VALUES)


# --- Values that look like something else ------------------------------------------------------------


@pytest.mark.parametrize("slot", Slot, ids=lambda slot: slot.value)
def test_a_hostile_value_arrives_as_it_is(slot):
    """
    Or is refused: a slot never carries another value than the one it was given.
    """
    arrived = {}
    for value in HOSTILE:
        with suppress(UnsafeValue):
            arrived[value] = READERS[slot](ESCAPERS[slot](value))

    assert arrived == {value: value for value in arrived}
    # A host carries next to nothing, a header no other alphabet.
    assert len(arrived) > len(HOSTILE) * (0 if slot is Slot.URL_HOST else 0.7)


DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "All slots"
type = "ajax-post"
url = "{url}/all?q={{CALL_NOTES}}"
content_type = "json"
body = '''{{"a": "{{CALL_NOTES}}", "b": {{{{ CALL_NOTES }}}}, "{{CALL_NOTES}}": 1}}'''
"""


async def test_hostile_values_over_the_wire():
    """
    What the target reads is what the call held, in the query, in texts and names of JSON, and as its values.
    """
    with FakeTarget() as target:
        target.expect("POST", "/all", body={"results": []})
        async with Engine(read_text(DEFINITIONS.format(url=target.url))) as engine:
            for value in HOSTILE:
                await engine.ask("All slots", CallContext(notes=value, extension="100-Euphoria"))
        queries = [dict(parse_qsl(each.path.partition("?")[2]))["q"] for each in target.received]
        bodies = [json.loads(each.body) for each in target.received]

    assert HOSTILE == queries
    assert HOSTILE == [each["a"] for each in bodies]
    assert HOSTILE == [each["b"] for each in bodies]
    assert all(value in body for value, body in zip(HOSTILE, bodies, strict=True))


# --- Templates that take for ever --------------------------------------------------------------------

SLOW = {
    "raw without end": "{% raw %}" * 7_000,
    "half of raw": "{% raw" * 10_000,
    "blanks": " " * 65_000,
    "lines": "\r\n" * 32_000,
    "quotes behind backslashes": "{{ " + "\\'" * 32_000,
    "quotes in many expressions": "{{ \\' }}" * 8_000,
    "both quotes": "{{ '\" }}" * 7_000,
    "quotes over lines": "{{ \n" + "\\'" * 32_000 + " }}",
    "names nobody knows": "{{ " + " ~ ".join(f"a{n}" for n in range(7_000)) + " }}",
    "filters nobody knows": "".join(f"{{{{ 1|a{n} }}}}" for n in range(5_000)),
    "tokens nobody knows": "".join(f"{{A{n}}}" for n in range(8_000)),
    "openers": "{{" * 32_000,
    "blocks": "{%" * 32_000,
    "comments": "{#" * 32_000,
    "closers": "}}" * 32_000,
    "parentheses": "{{ " + "(" * 60_000 + " }}",
    "ifs": "{% if CALLERID %}" * 3_800,
    "ifs that end": "{% if CALLERID %}" * 2_000 + "{% endif %}" * 2_000,
    "loops": "{% for a in [1] %}" * 3_600,
    "sets": "{% set a = 1 %}" * 4_300,
    "additions": "{{ " + "1 ~ " * 16_000 + "1 }}",
    "comparisons": "{{ " + "1 < " * 16_000 + "1 }}",
    "conditions": "{{ " + "1 if CALLERID else " * 3_000 + "1 }}",
    "filters": "{{ CALLERID" + "|trim" * 12_000 + " }}",
    "items": "{{ CALLERID" + "[0]" * 20_000 + " }}",
    "digits": "{{ " + "9" * 60_000 + " }}",
    "powers": "{{ " + "9 ** " * 12_000 + "9 }}",
    "long texts": "{{ 'a' * 10 ** 9 }}",
    "elements": "<a>" * 20_000,
    "elements that end": "<a></a>" * 9_000,
    "half of an element": "<" * 65_000,
    "attributes": "<a " + "b='' " * 13_000,
    "comments of XML": "<!--" * 16_000,
    "CDATA": "<![CDATA[" * 7_000,
    "processing instructions": "<?a " * 16_000,
    "entities": "&amp;" * 13_000,
    "lists": "[" * 65_000,
    "objects": '{"a":' * 13_000,
    "texts of JSON": '"' * 65_000,
    "backslashes": "\\" * 65_000,
    "slashes": "https://a.example" + "/" * 60_000,
    "dots": "https://a.example" + "/.." * 20_000,
    "question marks": "https://a.example/" + "?" * 60_000,
    "fields": "https://a.example/?" + "a=b&" * 16_000,
    "escapes": "https://a.example/" + "%41" * 20_000,
    "hosts": "https://" + "a." * 30_000,
}
"""Within the bound on a template's length, made so that something is looked for again and again."""

MEANT_FOR = {
    Kind.FORM: {"blanks", "lines"},
    Kind.XML: {"elements", "elements that end", "half of an element", "attributes", "comments of XML", "CDATA",
               "processing instructions", "entities"},
    Kind.JSON: {"lists", "objects", "texts of JSON", "backslashes"},
    Kind.URL: {"slashes", "dots", "question marks", "fields", "escapes", "hosts"},
}  # fmt: skip
"""What `make test` reads them as; `make attack` reads each as everything."""

MEGABYTES = 768
"""Address space of the process that reads them, of which it has half before it begins."""

_READ = """
import json, resource, sys, time
from webhook_engine.errors import TemplateError
from webhook_engine.templating import Kind, compile_expression, compile_template
names = frozenset({"CALLERID"})
resource.setrlimit(resource.RLIMIT_AS, (%d * 2**20,) * 2)
for name, (source, kinds) in json.load(sys.stdin).items():
    for kind in kinds:
        began = time.process_time()
        try:
            if not kind:
                compile_expression(source.replace("{{", "").replace("}}", ""), names=names)
            else:
                compile_template(source, Kind(kind), names=names, country="ZA").render({"CALLERID": "100"})
        except TemplateError:
            pass
        took_s = time.process_time() - began
        if took_s > 5:
            print(f"{name} as {kind or 'expression'}: {took_s:.1f} s")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the memory of a process")
def test_what_is_made_to_be_slow_is_read_in_proportion():
    """
    5 s of a processor and some hundred megabytes at the most; each takes a fraction of them, and minutes where something is squared.
    """
    kinds = {
        name: [kind for kind, names in MEANT_FOR.items() if name in names] or [Kind.TEXT, ""] for name in SLOW
    }
    everything = bool(os.environ.get("WEBHOOK_ENGINE_ATTACK"))
    told = {name: (source, [*Kind, ""] if everything else kinds[name]) for name, source in SLOW.items()}
    ran = subprocess.run(
        [sys.executable, "-c", _READ % MEGABYTES],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert ("", "", 0) == (ran.stdout, ran.stderr, ran.returncode)


@pytest.mark.parametrize("places", [10, 30, 2_000])
def test_a_row_of_places_is_looked_over_at_once(places):
    """
    Whether a value is nothing but places is asked in time that does not double with each of them.
    """
    text = (
        '[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "https://a.example/"\n'
        f'[[webhook.parameter]]\nname = "a"\nvalue = "{"{{ CALLERID }}" * places}x"\n'
    )

    assert "may-be-empty" not in {each.code for each in lint(read_text(text))}
