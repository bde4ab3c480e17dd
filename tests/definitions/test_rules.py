"""
Rules, tests and custom variables refer to what there is.
"""

from __future__ import annotations

import pytest

from webhook_engine.definitions import Then, read_text
from webhook_engine.variables import Direction, Disposition, Moment

TWO = """
[[webhook]]
name = "Find"
type = "ajax-get"
url = "https://crm.example.com/find"

[[webhook]]
name = "Log"
type = "ajax-post"
url = "https://crm.example.com/log/{DYNAMIC_PARAMETER}"
"""
RULE = f'{TWO}[[rule]]\nname = "R"\non = ["ringing"]\nwebhooks = ["Find"]\n'
TEST = f'{TWO}[[test]]\nname = "T"\nevent = "ringing"\n'

REFUSED = {
    "no moment": ('[[rule]]\nname = "R"\non = []\nstop = true\n', "rule[1].on: must not be empty"),
    "a moment there is not": (
        '[[rule]]\nname = "R"\non = ["ring"]\nstop = true\n',
        "rule[1].on[1]: is 'ring', which is none of ringing, answered, transferred, ended, disposed, manual; did you mean 'ringing'?",
    ),
    "nothing to do": ('[[rule]]\nname = "R"\non = ["ringing"]\n', "rule[1].webhooks: is missing"),
    "a webhook there is not": (
        f'{TWO}[[rule]]\nname = "R"\non = ["ringing"]\nwebhooks = ["Fnd"]\n',
        "rule[1].webhooks[1]: there is no webhook 'Fnd'; did you mean 'Find'?",
    ),
    "a webhook twice": (f'{RULE[:-2]}, "Find"]\n', "rule[1].webhooks[2]: 'Find' stands here twice"),
    "a condition that does not read": (f'{RULE}when = "CALL_DIR = 1"\n', "rule[1].when: "),
    "a condition about a response": (f'{RULE}when = "status == 200"\n', "rule[1].when: "),
    "a direction there is not": (f'{RULE}direction = "inbound"\n', "rule[1].direction[1]: is 'inbound'"),
    "a disposition there is not": (f'{RULE}disposition = ["Fail"]\n', "rule[1].disposition[1]: is 'Fail'"),
    "a priority in words": (
        f'{RULE}priority = "high"\n',
        "rule[1].priority: must be a whole number, not text",
    ),
    "a name taken": (
        f'{RULE}[[rule]]\nname = "R"\non = ["ended"]\nstop = true\n',
        "rule[2].name: 'R' is taken",
    ),
    "a chain to nowhere": (
        f'{RULE}[[rule.then]]\nwebhook = "Lgo"\n',
        "rule[1].then[1].webhook: there is no webhook 'Lgo'",
    ),
    "a chain from nowhere": (
        f'{RULE}[[rule.then]]\nwebhook = "Log"\nafter = "Other"\n',
        "rule[1].then[1].after: this rule does not start 'Other'",
    ),
    "a chain from one of two": (
        f'{RULE[:-2]}, "Log"]\n[[rule.then]]\nwebhook = "Log"\n',
        "rule[1].then[1].after: is missing: the rule starts 2 webhooks",
    ),
    "a chain's value that does not read": (
        f'{RULE}[[rule.then]]\nwebhook = "Log"\nvalue = "response."\n',
        "rule[1].then[1].value: ",
    ),
    "a chain that starts too many": (
        f'{RULE}[[rule.then]]\nwebhook = "Log"\nat_most = 1000\n',
        "rule[1].then[1].at_most: is 1000; it must be at most 100",
    ),
    "a test of a variable there is not": (
        f'{TEST}given = {{ CALLER_ID = "1" }}\n',
        "test[1].given.CALLER_ID: is no variable; did you mean CALLERID?",
    ),
    "a test of a call there cannot be": (
        f"{TEST}given = {{ CALL_DURATION = -1 }}\n",
        "test[1].given.CALL_DURATION: ",
    ),
    "a test that contradicts itself": (
        f'{TEST}given = {{ EXTENSION = "100-Euphoria", EXTENSION_NO = "101" }}\n',
        "test[1].given.EXTENSION_NO: is '101', but EXTENSION is '100-Euphoria'",
    ),
    "a test of a webhook there is not": (
        f'{TEST}[[test.expect]]\nwebhook = "Fin"\n',
        "test[1].expect[1].webhook: there is no webhook 'Fin'; did you mean 'Find'?",
    ),
    "a test of a body that is a number": (
        f'{TEST}[[test.expect]]\nwebhook = "Find"\nbody = 5\n',
        "test[1].expect[1].body: must be text for the whole body, or a table or list of its parts",
    ),
    "a test of a body with a date in it": (
        f'{TEST}[[test.expect]]\nwebhook = "Find"\nbody = {{ at = [2020-01-01] }}\n',
        "test[1].expect[1].body: holds 2020-01-01, which JSON has no form for; write it as text",
    ),
    "an answer with a number that JSON does not have": (
        f'{TEST}nothing = true\nresponse = [{{ webhook = "Find", body = {{ a = [1.5, inf] }} }}]\n',
        "test[1].response[1].body: holds inf, which is no number in JSON",
    ),
    "an answer with a number longer than JSON's writer takes": (
        f'{TEST}nothing = true\nresponse = [{{ webhook = "Find", body = {{ a = {2**64} }} }}]\n',
        "test[1].response[1].body: holds a whole number longer than 64 bits; write the whole body as text",
    ),
    "a test of nothing and something": (
        f'{TEST}nothing = true\n[[test.expect]]\nwebhook = "Find"\n',
        "test[1].nothing: is true, but the test expects webhooks too",
    ),
    "a test of no moment at all": (
        '[[test]]\nname = "T"\nnothing = true\n',
        "test[1].event: is missing: say which moment it is",
    ),
    "a moment beside an empty list of them": (
        f"{TEST}nothing = true\nmoment = []\n",
        "test[1].moment: must not be empty",
    ),
    "an empty list of moments": (
        '[[test]]\nname = "T"\nnothing = true\nmoment = []\n',
        "test[1].moment: must not be empty",
    ),
    "a status that ends no exchange": (
        f'{TEST}nothing = true\nresponse = [{{ webhook = "Find", status = 100 }}]\n',
        "test[1].response[1].status: is 100; it must be at least 200",
    ),
    "a reason for which nothing is withdrawn": (
        f'{TEST}expect = [{{ webhook = "Find", because = "call-endet" }}]\n',
        "test[1].expect[1].because: is 'call-endet', which is none of answered-elsewhere, transferred, call-ended, ",
    ),
    "a reason to withdraw what stays": (
        f'{TEST}expect = [{{ webhook = "Find", pop = "open", because = "call-ended" }}]\n',
        "test[1].expect[1].because: says why the pop was withdrawn, but pop is 'open'",
    ),
    "a test of a date": (
        f"{TEST}given = {{ CALL_NOTES = 2020-01-01 }}\n",
        "test[1].given.CALL_NOTES: must be text, a number or true/false",
    ),
    "a variable that is ours": (
        '[[variable]]\nname = "CALLERID"\n',
        "variable[1].name: CALLERID is a documented variable",
    ),
    "a variable in small letters": (
        '[[variable]]\nname = "campaign"\n',
        "variable[1].name: 'campaign' is no name for a variable",
    ),
    "a variable of the secrets'": (
        '[[variable]]\nname = "CREDENTIAL_KEY"\n',
        "variable[1].name: names that begin with CREDENTIAL_ are the groups' secrets",
    ),
    "a lint code there is not": (
        f'{RULE}silence = ["not-know-yet"]\n',
        "rule[1].silence: there is no lint code 'not-know-yet'; did you mean 'not-known-yet'?",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused(refusals, text, problem):
    """
    One mistake, one problem, at the key that is wrong.
    """
    [found] = refusals(text)

    assert found.startswith(problem)


def test_every_value_of_a_call_that_cannot_be_is_told(refusals):
    """
    Two wrong values in one test are two problems.
    """
    found = refusals(f'{TEST}given = {{ CALL_DIR = "in", CALL_DISPOSITION = "No", CALLERID_NUMBER = "1" }}\n')

    assert ["test[1].given.CALL_DIR", "test[1].given.CALL_DISPOSITION"] == [
        each.partition(":")[0] for each in found
    ]


BESIDE = {
    "no moment": ("nothing = true\n", "event"),
    "two ways to write moments": (
        'event = "ended"\nmoment = [{ event = "ended" }]\nnothing = true\n',
        "event",
    ),
    "nothing and something": (
        'event = "ended"\nnothing = true\nexpect = [{ webhook = "Find" }]\n',
        "nothing",
    ),
    "nothing and others": ('event = "ended"\nnothing = true\nothers = true\n', "others"),
}


@pytest.mark.parametrize(("text", "key"), BESIDE.values(), ids=BESIDE.keys())
def test_what_does_not_fit_together_is_told_beside_other_mistakes(refusals, text, key):
    """
    A key that there is not, and a word that is none, hide nothing that has another place.
    """
    found = refusals(f'{TWO}[[test]]\nname = "T"\ncolour = 1\nsilence = 5\n{text}')

    assert {"test[1].colour", "test[1].silence", f"test[1].{key}"} == {
        each.partition(":")[0] for each in found
    }


def test_a_moment_that_cannot_be_read_is_not_missing_too(refusals):
    """
    One mistake is one problem.
    """
    found = refusals(f'{TWO}[[test]]\nname = "T"\nnothing = true\nmoment = [{{ event = "end" }}, 5]\n')

    assert ["test[1].moment[1].event", "test[1].moment[2]"] == [each.partition(":")[0] for each in found]


def test_one_word_alone_counts_as_a_list_of_one():
    """
    `call_queue = "Sales"` and `call_queue = ["Sales"]` are the same rule.
    """
    short = read_text(
        f'{TWO}[[rule]]\nname = "R"\non = "disposed"\nwebhooks = "Log"\ncall_queue = "Sales"\n'
        'direction = "incoming"\ndisposition = "Failed Contact"\n'
    )

    [rule] = short.rules
    assert ((Moment.DISPOSED,), ("Log",), ("Sales",)) == (rule.on, rule.webhooks, rule.call_queues)
    assert ((Direction.INCOMING,), (Disposition.FAILED_CONTACT,)) == (rule.directions, rule.dispositions)


def test_rules_are_asked_by_priority_then_as_they_stand():
    """
    A higher priority comes first; equals keep the file's order.
    """
    rules = "".join(
        f'[[rule]]\nname = "{name}"\non = ["ringing"]\nstop = true\npriority = {priority}\n'
        for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", -1))
    )

    definitions = read_text(rules)

    assert ["b", "a", "c", "d"] == [each.definition.name for each in definitions.compiled_rules()]


def test_a_chain_is_compiled_with_its_rule():
    """
    What leads on, and the value it hands over, are expressions over the response.
    """
    definitions = read_text(
        f'{RULE}[[rule.then]]\nwebhook = "Log"\non = ["ok", "no-match"]\nwhen = "rows == 1"\nvalue = "response[0].id"\n'
    )

    [rule] = definitions.compiled_rules()
    [then] = rule.then
    assert rule.when is None
    assert "Find" == then.after
    assert then.when.evaluate({"rows": 1})
    assert 7 == then.value.evaluate({"response": [{"id": 7}]})
    assert Then(webhook="Log").at_most == then.definition.at_most


def test_a_custom_variable_may_be_asked_for_everywhere():
    """
    In a URL, in a rule's condition and in a test's call.
    """
    definitions = read_text(
        '[[variable]]\nname = "CAMPAIGN"\nexample = "Spring"\n'
        '[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "https://x.example/{CAMPAIGN}"\n'
        '[[rule]]\nname = "R"\non = ["ringing"]\nwhen = "CAMPAIGN == \'Spring\'"\nwebhooks = ["W"]\n'
        '[[test]]\nname = "T"\nevent = "ringing"\ngiven = { CAMPAIGN = "Spring" }\nexpect = [{ webhook = "W" }]\n'
    )

    assert "https://x.example/Spring" == definitions.compiled("W").url.render({"CAMPAIGN": "Spring"})
    assert definitions.compiled_rules()[0].when.evaluate({"CAMPAIGN": "Spring"})
