"""
A folder stands where the process writes a file.
"""

import shutil

import pytest

from tests.faults.process import Process, event
from tests.faults.test_disk import refusal_of

FILES = (
    "webhook-engine.running",
    "webhook-engine.running.new",
    "webhook-engine.db",
    "webhook-engine.db.owner",
    "webhook-engine.db-wal",
    "webhook-engine.deliveries.db",
    "webhook-engine.deliveries.db.owner",
    "webhook-engine.deliveries.db-wal",
    "webhook-engine.key",
)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_a_files_place_is_named(tmp_path, target, name):
    """
    The start is refused with what is wrong and what to do.
    """
    in_the_way = tmp_path / name
    (in_the_way / "something").mkdir(parents=True)
    Process(tmp_path, target)

    code, said = refusal_of(tmp_path)
    kept = [each.name for each in in_the_way.iterdir()]

    assert 2 == code, said
    assert f"{name} is a folder, and a file belongs there: move the folder away" in said
    assert ["something"] == kept


def test_without_the_folder_it_starts(tmp_path, target):
    """
    Nothing that the refused start made is in the way.
    """
    in_the_way = tmp_path / FILES[0]
    (in_the_way / "something").mkdir(parents=True)
    process = Process(tmp_path, target)
    refusal_of(tmp_path)

    shutil.rmtree(in_the_way)
    with process:
        process.send(event("e1"))
        assert ["e1"] == list(process.settled())
