"""
What is in use cannot be deleted, and the refusal says by whom.
"""

from __future__ import annotations

import pytest

from webhook_engine.definitions import read_text, used_by, without
from webhook_engine.errors import DefinitionInUse, NotFound

TEXT = """
[[variable]]
name = "CAMPAIGN"

[[variable]]
name = "SPARE"

[[agent]]
extension = "100-Euphoria"

[[agent]]
extension = "101-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
level = "user"
key_name = "X-Key"

  [[group.member]]
  extension = "100-Euphoria"
  key = { env = "K" }

[[webhook]]
name = "Find"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/find/{CAMPAIGN}"

  [[webhook.view.column]]
  path = "id"
  link = "Open"

  [[webhook.view.column]]
  path = "parent"
  link = "Find"

[[webhook]]
name = "Open"
type = "browser-window"
url = "https://crm.example.com/{DYNAMIC_PARAMETER}"

[[webhook]]
name = "Log"
type = "ajax-post"
url = "https://crm.example.com/log"

[[rule]]
name = "Look up"
on = ["ringing"]
webhooks = ["Find"]

  [[rule.then]]
  webhook = "Log"

[[test]]
name = "it is looked up"
event = "ringing"
given = { CAMPAIGN = "Spring" }
expect = [{ webhook = "Find" }]
"""

USES = [
    ("webhook", "Find", ("rule 'Look up'", "test 'it is looked up'")),
    ("webhook", "Open", ("column 'id' of webhook 'Find'",)),
    ("webhook", "Log", ("rule 'Look up'",)),
    ("group", "CRM", ("webhook 'Find'",)),
    ("agent", "100-Euphoria", ("group 'CRM'",)),
    ("agent", "101-Euphoria", ()),
    ("variable", "CAMPAIGN", ("webhook 'Find'", "test 'it is looked up'")),
    ("variable", "SPARE", ()),
    ("rule", "Look up", ()),
    ("test", "it is looked up", ()),
]


@pytest.mark.parametrize(("kind", "name", "users"), USES, ids=[f"{kind} {name}" for kind, name, _ in USES])
def test_every_user_is_named(kind, name, users):
    """
    By rules, chains, cells of other webhooks, tests; a webhook's link to itself holds nothing.
    """
    definitions = read_text(TEXT)

    assert users == used_by(definitions, kind, name)
    if users:
        with pytest.raises(DefinitionInUse, match="cannot be deleted: in use by") as caught:
            without(definitions, kind, name)
        assert users == caught.value.used_by


def test_what_nobody_uses_can_go():
    """
    From the top down everything can be deleted, and what is left still holds together.
    """
    definitions = read_text(TEXT)

    for kind, name in [
        ("test", "it is looked up"),
        ("rule", "Look up"),
        ("webhook", "Find"),
        ("webhook", "Open"),
        ("webhook", "Log"),
        ("group", "CRM"),
        ("agent", "100-Euphoria"),
        ("agent", "101-Euphoria"),
        ("variable", "CAMPAIGN"),
        ("variable", "SPARE"),
    ]:
        definitions = without(definitions, kind, name)
        with pytest.raises(NotFound):
            without(definitions, kind, name)

    assert read_text("") == definitions


def test_what_is_gone_is_not_compiled_any_more():
    """
    A deleted webhook answers as one that never was.
    """
    definitions = without(without(read_text(TEXT), "test", "it is looked up"), "rule", "Look up")

    smaller = without(definitions, "webhook", "Log")

    assert definitions.compiled("Log").method == "POST"
    with pytest.raises(NotFound):
        smaller.compiled("Log")
    assert () == smaller.compiled_rules()


def test_what_there_is_not_comes_with_the_nearest():
    """
    A slip in a name or in the kind is told apart from being in use.
    """
    definitions = read_text(TEXT)

    with pytest.raises(NotFound, match="there is no webhook 'Fnd': did you mean 'Find'"):
        without(definitions, "webhook", "Fnd")
    with pytest.raises(NotFound, match="there is no kind of definition 'webhooks': did you mean 'webhook'"):
        used_by(definitions, "webhooks", "Find")
