"""
Documents that are nearly right: a sample, bent at places and into values that bytes choose.
"""

import copy

HOSTILE = [
    None, True, False, 0, -1, 1e308, 2**63, -(2**63) - 1, 10**400, "", " ", "\x00", "\ud800", "\u202e", "＿＿class＿＿",
    "a" * 5_000, "{", "}}", "{{ 1 // 0 }}", "{{ CALLERID }}", "{CALLERID}", "<CALLERID>", "{% if", "%s%n", "${jndi:x}",
    "../../etc/passwd", "http://[::1", "https://a.example:99999/", "https://user:word@a.example/", "//a", "-", ".", "a.b[",
    "2026-02-30T25:61:61", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "Africa/Johannesburg", "../etc/localtime",
    "0821234567", "+" + "9" * 60, "nan", "1e999", [], [[]], {}, {"": ""}, {"a": {"a": {"a": []}}}, [None, "a", 1],
]  # fmt: skip


def nodes_of(tree):
    """
    (holder, key or index) of all that hangs in a tree.
    """
    found, coming = [], [tree]
    while coming:
        holder = coming.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                coming.append(holder[key])
    return found


def bent(sample, data):
    """
    Of three bytes each the first and second say where, the third what becomes of it there.
    """
    tree = copy.deepcopy(sample)
    words = sorted({key for holder, key in nodes_of(sample) if isinstance(key, str)})
    values = [holder[key] for holder, key in nodes_of(sample)]
    for at in range(0, min(len(data), 60) - 2, 3):
        nodes = nodes_of(tree)
        if not nodes:
            break
        holder, key = nodes[(data[at] * 256 + data[at + 1]) % len(nodes)]
        how = data[at + 2]
        if how < 16:
            del holder[key]
        elif how < 100:
            holder[key] = copy.deepcopy(HOSTILE[how % len(HOSTILE)])
        elif how < 180:
            holder[key] = copy.deepcopy(values[(how * 7 + data[at + 1]) % len(values)])
        elif how < 230 and isinstance(holder, dict):
            holder[words[(how + data[at]) % len(words)]] = copy.deepcopy(holder[key])
        elif isinstance(holder, dict):
            text = HOSTILE[how % len(HOSTILE)]
            holder[text if isinstance(text, str) else "x"] = holder[key]
        else:
            holder.append(copy.deepcopy(holder[key]))
    return tree
