"""
The next contact is found by its index, however many wait.
"""

from sqlalchemy.dialects import sqlite

from webhook_engine.store import dialer


async def test_the_index_leads_to_the_next_contact(store):
    """
    Nothing is scanned and nothing but the few candidates is sorted.
    """
    statement = dialer._hand_out("Euphoria", "100", None).compile(dialect=sqlite.dialect())
    values = tuple(statement.params[name] for name in statement.positiontup)
    plain = tuple(str(value) if not isinstance(value, (int, str)) else value for value in values)

    async with store._database.read() as connection:
        found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", plain)
        plan = [row[3] for row in found]

    looks = [step for step in plan if "dialer_contact" in step]
    assert 2 == sum(
        "ix_dialer_contact_waiting (campaign_id=? AND assigned_to=?)" in step for step in looks
    ), plan
    assert all(step.startswith("SEARCH") for step in looks), plan
    assert 1 == sum("TEMP B-TREE FOR ORDER BY" in step for step in plan), plan
