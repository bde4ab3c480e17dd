"""
Columns stand where a person would look for them, and stay there.
"""

import pytest

from webhook_engine.responses import Column, Outcome, Response, View, interpret, read, tabulate


def columns_of(body: str) -> tuple[str, ...]:
    return tabulate(read(Response(status=200, body=body.encode()))).columns


@pytest.mark.parametrize(
    ("body", "columns"),
    {
        "as the first record has them": ('[{"b": 1, "a": 2}, {"a": 3, "b": 4}]', ("b", "a")),
        "a late one behind the one it follows": (
            '[{"a": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}]',
            ("a", "b", "c"),
        ),
        "a late one before the one it leads": ('[{"b": 1, "c": 1}, {"a": 1, "b": 1}]', ("a", "b", "c")),
        "a late one that knows nobody is last": ('[{"a": 1, "b": 1}, {"z": 1}]', ("a", "b", "z")),
        "nested ones stay together": (
            '[{"a": {"x": 1}, "b": 1}, {"a": {"x": 1, "y": 2}, "b": 1}]',
            ("a.x", "a.y", "b"),
        ),
        "the value before its parts": ('[{"a": "x", "b": 1}, {"a": {"y": 1}, "b": 1}]', ("a", "a.y", "b")),
        "labels as they appear": (
            '[{"p": [{"type": "w", "v": 1}, {"type": "m", "v": 2}]}, {"p": [{"type": "h", "v": 3}]}]',
            ("p[type=w].v", "p[type=m].v", "p[type=h].v"),
        ),
    }.values(),
)
def test_columns_stand_as_the_members_stand(body, columns):
    """
    The order is that of the response, never of an alphabet or a hash.
    """
    assert columns == columns_of(body)


def test_names_that_would_read_as_paths_are_quoted():
    """
    A member called `a.b` is not the member `b` of a member `a`.
    """
    assert ('["a.b"]', "a.b", '["x[0]"]') == columns_of('[{"a.b": 1, "a": {"b": 2}, "x[0]": 3}]')


def test_many_labels_are_values():
    """
    A list that names every item differently would give a column for each.
    """
    items = ", ".join(f'{{"name": "n{number}", "value": {number}}}' for number in range(25))

    assert ("id", "f.name", "f.value") == columns_of(f'[{{"id": 1, "f": [{items}]}}]')


def test_labels_in_capitals_are_labels():
    """
    Systems that write `Name` and `Value` mean the same.
    """
    body = "<Row><Id>1</Id><Field><Name>city</Name><Value>Durban</Value></Field><Field><Name>vip</Name><Value/></Field></Row>"

    assert ("Id", "Field[Name=city].Value", "Field[Name=vip].Value") == columns_of(body)


def test_two_values_under_one_label_share_the_cell():
    """
    A customer with two work telephones has two numbers in that column.
    """
    body = '[{"id": 1, "p": [{"type": "w", "v": "1"}, {"type": "w", "v": "2"}, {"type": "m", "v": "3"}]}]'

    table = tabulate(read(Response(status=200, body=body.encode())))

    assert ((1, "1, 2", "3"),) == table.rows


def test_scalars_keep_their_types():
    """
    A number stays a number, a truth a truth; only what shares a cell becomes text.
    """
    body = '[{"n": 1, "f": 0.5, "t": true, "s": "1", "l": [1], "m": [1, true, null, 0.5, "x"]}]'

    (row,) = tabulate(read(Response(status=200, body=body.encode()))).rows

    assert (1, 0.5, True, "1", 1, "1, true, , 0.5, x") == row
    assert [int, float, bool, str, int, str] == [type(cell) for cell in row]


VIEW = View(columns=(Column(path="name", label="Customer"), Column(path="id", link="Open contact")))


def test_a_view_has_the_administrators_order_labels_and_links():
    """
    What was ticked is what the agent sees, in that order.
    """
    response = Response(status=200, body=b'{"results": [{"id": 7, "name": "Thandi", "age": 30}]}')

    view = interpret(response, view=VIEW).as_view(webhook="Contact lookup", took_s=0.2)

    assert ("Customer", "id") == tuple(column.heading for column in view.columns)
    assert "Open contact" == view.columns[1].link
    assert {
        "outcome": "ok",
        "sentence": "Found 1 record.",
        "status": 200,
        "columns": [{"path": "name", "label": "Customer"}, {"path": "id", "label": "id"}],
        "rows": [["Thandi", 7]],
        "attempts": 1,
    } == view.to_json()


def test_an_administrator_chooses_from_everything():
    """
    Configuring shows every column whatever is ticked, those ticked with their labels, and rows of a refusal too.
    """
    response = Response(status=403, body=b'{"id": 7, "name": "Thandi", "age": 30}')

    seen = interpret(response, view=VIEW, all_columns=True)

    assert ("id", "Customer", "age") == tuple(column.heading for column in seen.columns)
    assert (Outcome.REFUSED, ((7, "Thandi", 30),)) == (seen.outcome, seen.rows)


def test_chosen_columns_stay_where_nothing_came():
    """
    A lookup that found nobody has the same columns and no finding about them.
    """
    seen = interpret(Response(status=204), view=VIEW)

    assert (Outcome.NO_MATCH, ("name", "id"), (), ()) == (
        seen.outcome,
        tuple(column.path for column in seen.columns),
        seen.rows,
        seen.findings,
    )


@pytest.mark.parametrize(
    "body", ['[{"id": 1, "name": null}]', '[{"id": 1, "name": ""}]', '[{"id": 1}, {"name": 2, "id": 2}]']
)
def test_an_empty_column_is_not_gone(body):
    """
    No value, an empty one, or none in some rows: the column is still there.
    """
    assert () == interpret(Response(status=200, body=body.encode()), view=VIEW).findings


def test_records_that_moved_are_a_finding_and_no_rows():
    """
    What stands elsewhere is not taken for records; the administrator is told where some are.
    """
    response = Response(status=200, body=b'{"data": [{"id": 1}]}')

    table = tabulate(read(response), "results")

    assert () == table.rows
    assert ("there is nothing at results, where the records should be; data holds some",) == table.findings


@pytest.mark.parametrize("path", ["XML.list.Contact", "list.Contact"])
def test_a_path_may_begin_with_the_outermost_element(path):
    """
    An administrator who reads the XML sees the element that the tree begins inside.
    """
    response = Response(status=200, body=b"<XML><list><Contact><Id>1</Id><Name/></Contact></list></XML>")

    table = tabulate(read(response), path)

    assert (("Id", "Name"), (("1", ""),)) == (table.columns, table.rows)


def test_records_inside_other_records_are_gathered():
    """
    A path through a list leads to the records of all its items.
    """
    response = Response(
        status=200, body=b'{"groups": [{"members": [{"id": 1}, {"id": 2}]}, {}, {"members": {"id": 3}}]}'
    )

    table = tabulate(read(response), "groups.members")

    assert ((1,), (2,), (3,)) == table.rows


def test_an_element_at_the_records_path_is_a_list_for_outcome_rules():
    """
    A condition may count or index what the view says are the records, although there is only one.
    """
    response = Response(status=200, body=b"<XML><Contact><Id>1</Id><Contact>x</Contact></Contact></XML>")

    assert {"Contact": [{"Id": "1", "Contact": "x"}]} == read(response, records="Contact").tree
    assert {"Contact": {"Id": "1", "Contact": "x"}} == read(response).tree


def test_records_that_moved_are_told_with_the_outcome():
    """
    A lookup that found nobody for that reason does not look like any other.
    """
    seen = interpret(Response(status=200, body=b'{"data": [{"id": 1}]}'), view=View(records="results"))

    assert (Outcome.NO_MATCH, 1) == (seen.outcome, len(seen.findings))


@pytest.mark.parametrize(
    ("status", "body"), [(404, b'{"message": "Not found"}'), (200, b"<XML><Error>No key</Error></XML>")]
)
def test_columns_are_not_missed_in_a_refusal(status, body):
    """
    Nobody expects a customer's name in an error.
    """
    view = View(records="results", columns=(Column(path="name"),))

    assert () == interpret(Response(status=status, body=body), view=view).findings


def test_a_page_for_nothing_found_is_a_finding():
    """
    It may be that nobody was found, and it may be that nobody is there to look.
    """
    page = Response(
        status=404, headers=(("Content-Type", "text/html"),), body=b"<html><h1>404 Not Found</h1></html>"
    )

    seen = interpret(page)

    assert (Outcome.NO_MATCH, ("404 came with a web page: the address may be wrong",)) == (
        seen.outcome,
        seen.findings,
    )
