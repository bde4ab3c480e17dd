"""
The Integration Centre of a running process: at its root, and for an empty store a link to begin with.
"""

import re
import urllib.error
import urllib.request

from tests.faults.process import COMMAND, DEFINITIONS, Process, event


def _opened(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status, response.url, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, url, error.read().decode()


def test_an_empty_store_has_a_link_to_begin_with(process):
    """
    The pages stand beside the service, and the link makes the first administrator.
    """
    link = re.search(r"http://\S+/first\?token=\S+", process.printed())[0]
    base = link.partition("/first")[0]

    status, _, page = _opened(link)
    assert (200, True) == (status, "first administrator" in page)
    assert (200, f"{base}/sign-in?back=%2Fgroups") == _opened(f"{base}/groups")[:2]
    assert 401 == _opened(f"{base}/v1/deliveries")[0]


def test_a_worker_has_no_pages(target, tmp_path):
    """
    It takes events in and delivers; there is nobody to sign in to, and no link to begin with.
    """
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target=target.url, deadline_s=5))
    with Process(tmp_path, command=[str(COMMAND), "worker", "integration.toml"]) as process:
        process.send(event("e1"))
        assert ["e1"] == list(process.settled())

        pages = [
            _opened(f"{process.url}{each}")[0] for each in ("/", "/sign-in", "/first?token=x", "/groups")
        ]
        printed = process.printed()

    assert [404] * 4 == pages
    assert "listens on" in printed
    assert "/first" not in printed
    assert "Integration Centre" not in printed
