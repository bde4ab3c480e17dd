"""
Responses as well-known systems send them, none of which was described to anybody first.
"""

from typing import NamedTuple

import pytest

from webhook_engine.responses import Response, read, tabulate


class Known(NamedTuple):
    """
    What a kind of system answers, and the table it makes.
    """

    body: str
    records: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


SYSTEMS = {
    "a search with paging": Known(
        '{"total":1,"results":[{"id":"51","properties":{"email":"t@x.za","phone":null}}],"paging":{"next":{"after":"1"}}}',
        "results",
        ("id", "properties.email", "properties.phone"),
        (("51", "t@x.za", None),),
    ),
    "a query with a done flag": Known(
        '{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Contact","url":"/c/1"},"Id":"003","Account":{"Name":"A"}}]}',
        "records",
        ("attributes.type", "attributes.url", "Id", "Account.Name"),
        (("Contact", "/c/1", "003", "A"),),
    ),
    "OData 4": Known(
        '{"@odata.context":"$metadata#contacts","value":[{"@odata.etag":"W/1","fullname":"Thandi"}]}',
        "value",
        ('["@odata.etag"]', "fullname"),
        (("W/1", "Thandi"),),
    ),
    "OData 2": Known(
        '{"d":{"__count":"1","results":[{"Id":1,"Name":"Thandi"}]}}', "d.results", ("Id", "Name"), ((1, "Thandi"),)
    ),
    "JSON-RPC with references as pairs": Known(
        '{"jsonrpc":"2.0","id":3,"result":{"length":2,"records":[{"id":1,"stage_id":[4,"Won"]},{"id":2,"stage_id":false}]}}',
        "result.records",
        ("id", "stage_id[0]", "stage_id[1]"),
        ((1, 4, "Won"), (2, None, None)),
    ),
    "JSON-RPC that found nothing": Known('{"jsonrpc":"2.0","id":3,"result":[]}', "result", (), ()),
    "JSON:API": Known(
        '{"data":[{"type":"people","id":"9","attributes":{"name":"Thandi"}}],"included":[{"id":"5"}],"links":{"self":"/"}}',
        "data",
        ("type", "id", "attributes.name"),
        (("people", "9", "Thandi"),),
    ),
    "GraphQL with edges": Known(
        '{"data":{"contacts":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"1"}},{"node":{"id":"2"}}]}}}',
        "data.contacts.edges",
        ("id",),
        (("1",), ("2",)),
    ),
    "a search engine": Known(
        '{"took":3,"timed_out":false,"_shards":{"total":1},"hits":{"total":{"value":1},"max_score":1.0,'
        '"hits":[{"_id":"7","_source":{"name":"Thandi"}}]}}',
        "hits.hits",
        ("_id", "_source.name"),
        (("7", "Thandi"),),
    ),
    "a help desk with pages": Known(
        '{"users":[{"id":1,"name":"Thandi"}],"next_page":null,"previous_page":null,"count":1}',
        "users",
        ("id", "name"),
        ((1, "Thandi"),),
    ),
    "items with a score under an envelope": Known(
        '{"success":true,"data":{"items":[{"result_score":0.5,"item":{"id":1,"emails":["a@x","b@x"]}}]},'
        '"additional_data":{"pagination":{"start":0}}}',
        "data.items",
        ("result_score", "item.id", "item.emails"),
        ((0.5, 1, "a@x, b@x"),),
    ),
    "entries of name/value lists": Known(
        '{"entry_list":[{"id":"1","name_value_list":{"first_name":{"name":"first_name","value":"Thandi"}}}],'
        '"relationship_list":[],"result_count":1}',
        "entry_list",
        ("id", "name_value_list.first_name.name", "name_value_list.first_name.value"),
        (("1", "first_name", "Thandi"),),
    ),
    "rows of named fields in JSON": Known(
        '{"response":{"result":{"Contacts":{"row":[{"no":"1","FL":[{"val":"CONTACTID","content":"77"},'
        '{"val":"Email","content":"t@x.za"}]}]}}}}',
        "response.result.Contacts.row",
        ("no", "FL[val=CONTACTID].content", "FL[val=Email].content"),
        (("1", "77", "t@x.za"),),
    ),
    "the XML API of the telephone system": Known(
        "<XML><Contact><Name>Thandi</Name><Number>0821234567</Number></Contact>"
        "<Contact><Name>Sipho</Name><Number/></Contact></XML>",
        "Contact",
        ("Name", "Number"),
        (("Thandi", "0821234567"), ("Sipho", "")),
    ),
    "the XML API with an empty result": Known("<XML></XML>", "", (), ()),
    "a SOAP method with a scalar result": Known(
        '<s:Envelope xmlns:s="urn:s"><s:Body><IsActiveResponse xmlns="urn:x"><IsActiveResult>true</IsActiveResult>'
        "</IsActiveResponse></s:Body></s:Envelope>",
        "Body.IsActiveResponse",
        ("IsActiveResult",),
        (("true",),),
    ),
    "PHP's array with gaps": Known(
        '{"0":{"id":5},"2":{"id":7}}', "", ("#key", "id"), (("0", 5), ("2", 7))
    ),
    "a reply to a post": Known('{"logged":{"id":5012,"outcome":"Success"}}', "logged", ("id", "outcome"), ((5012, "Success"),)),
    "a customer or null": Known('{"customer":null}', "customer", (), ()),
    "GraphQL null": Known('{"data":{"contact":null}}', "data.contact", (), ()),
    "a list of numbers": Known('{"numbers":["+27821234567","+27831234567"]}', "numbers", ("value",), (("+27821234567",), ("+27831234567",))),
    "rows of different kinds": Known('[{"id":1},"two",null,[3]]', "", ("id", "value"), ((1, None), (None, "two"), (None, 3))),
}  # fmt: skip


@pytest.mark.parametrize("known", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_the_table_of(known):
    """
    Records, columns and cells are found without a word about the system.
    """
    table = tabulate(read(Response(status=200, body=known.body.encode())))

    assert known == Known(known.body, table.records, table.columns, table.rows)


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "chart", "id": 1, "data": [1, 2]}',
        '{"id": 1, "billing": {"city": "A"}, "shipping": {"city": "B"}}',
        '{"address1": {"city": "A"}, "address2": {"city": "B"}, "id": 1}',
        '{"name": "Thandi", "phones": [{"label": "work", "value": "1"}]}',
        '{"status": "gold", "tags": ["a", "b"]}',
        '{"title": "Dr", "description": "x", "items": [{"a": 1}]}',
        '{"id": 1, "name": "x", "data": {"a": 1}}',
    ],
)
def test_a_record_is_not_taken_for_an_envelope(body):
    """
    An object with facts of its own is one row, whatever lists and objects it holds.
    """
    table = tabulate(read(Response(status=200, body=body.encode())))

    assert ("", 1) == (table.records, len(table.rows))
