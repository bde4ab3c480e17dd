"""
The Integration Centre of a running process: at its root, and for an empty store a link to begin with.
"""

import re
import urllib.error
import urllib.request


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
