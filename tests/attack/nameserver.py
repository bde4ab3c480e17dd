"""
A name server that says what it is told to: one UDP socket, A and AAAA records that live for no second.
"""

import socket
import threading
from ipaddress import ip_address

_A, _CNAME, _AAAA = 1, 5, 28


class NameServer:
    """
    Answers at *address*, port 53, from a thread of its own.

    Args:
        names: Name -> the answers it gives, one after the other, the last one again and again; each a list of
            addresses, of both families, or of one name that stands for it. `*.name` is for every name below it.
    """

    def __init__(self, address, names):
        self._names = {name.lower(): [list(each) for each in answers] for name, answers in names.items()}
        self._given = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self.asked = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(question), client)

    def _answer(self, question):
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length])
            at += 1 + length
        name = b".".join(labels).decode("latin-1").lower()
        kind = int.from_bytes(question[at + 1 : at + 3], "big")
        self.asked.append(name)
        records = self._records(name, kind)
        flags = b"\x81\x80" if self._answers_for(name) else b"\x81\x83"  # no such name
        head = question[:2] + flags + b"\0\1" + len(records).to_bytes(2, "big") + bytes(4)
        return head + question[12 : at + 5] + b"".join(records)

    def _answers_for(self, name):
        return self._names.get(name) or self._names.get(f"*.{name.partition('.')[2]}")

    def _records(self, name, kind):
        given = self._answers_for(name) or [[]]
        turn = self._given.get((name, kind), 0)
        self._given[name, kind] = turn + 1
        found = []
        for each in given[min(turn, len(given) - 1)]:
            if ":" not in each and each.strip("0123456789."):
                found.append(_record(name, _CNAME, _spelled(each)))
                found += self._records(each, kind)
            elif kind == (_AAAA if ":" in each else _A):
                found.append(_record(name, kind, ip_address(each).packed))
        return found


def _record(name, kind, data):
    return _spelled(name) + kind.to_bytes(2, "big") + b"\0\1" + bytes(4) + len(data).to_bytes(2, "big") + data


def _spelled(name):
    labels = [label.encode("latin-1") for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
