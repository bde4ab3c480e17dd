"""
A machine of its own for the tests of egress: `unshare -Urnm python -m tests.attack.inside FOLDER [all]`.

In its network every address of `hosts.INSIDE` is there beside a public one, and one target system listens on all of
them; its only name server is ours. Each way of starting a request is led to each of `hosts.HOSTS`, and what was
reached, and what was said, is printed as JSON.
"""

import asyncio
import html
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

from tests.attack import hosts
from tests.attack.nameserver import NameServer
from tests.faults.process import COMMAND, Process, event, until
from webhook_engine import CallContext, Engine
from webhook_engine.definitions import read_text
from webhook_engine.errors import WebhookEngineError
from webhook_engine.store import new_key

AGENT = "100-Euphoria"
PART = 40
PASSWORD = "correct horse battery"
PROXIES = {
    name: "http://10.0.0.1:80"
    for each in ("http_proxy", "https_proxy", "all_proxy")
    for name in (each, each.upper())
}
"""A proxy that would take everything inside."""


# --- The machine -------------------------------------------------------------------------------------


def build(folder):
    """
    Addresses, a target on all of them, and a name server.
    """
    _run("ip", "link", "set", "lo", "up")
    for address in (hosts.PUBLIC, hosts.PUBLIC_SIX, *hosts.INSIDE):
        bits = ["nodad"] if ":" in address else []
        _run("ip", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo", *bits)
    for name, text in (("resolv.conf", "nameserver 127.0.0.53\n"), ("nsswitch.conf", "hosts: files dns\n")):
        (folder / name).write_text(text)
        _run("mount", "--bind", folder / name, f"/etc/{name}")
    return NameServer("127.0.0.53", hosts.NAMES)


def _run(*words):
    subprocess.run(list(map(str, words)), check=True, capture_output=True)


class Everywhere:
    """
    The target system: which of our addresses was dialled, and what was asked there.
    """

    def __init__(self):
        self.visits = []
        self._socket = socket.create_server(
            ("::", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256
        )
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        address = connection.getsockname()[0].removeprefix("::ffff:")
        visit = [address, ""]
        self.visits.append(visit)
        with connection, connection.makefile("rb") as heard:
            line = heard.readline().decode("latin-1")
            visit[1] = line.strip()
            head = b"".join(iter(heard.readline, b"\r\n")).lower()
            if found := re.search(rb"content-length: (\d+)", head):
                heard.read(int(found[1]))
            connection.sendall(_answer(line.split(" ")[1] if " " in line else "/"))

    def reached(self, since=0):
        return sorted({address for address, _ in self.visits[since:]})


def _answer(path):
    if found := re.fullmatch(r"/to/(\d+)/([0-9a-f]+)", path):
        head = b"HTTP/1.1 %d -\r\nLocation: %b\r\n" % (int(found[1]), bytes.fromhex(found[2]))
        return head + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    said = {"access_token": "t", "token_type": "Bearer", "expires_in": 1}
    if path.startswith("/links"):
        said = {"results": [{f"c{n}": "x" for n in range(200)}]}
    data = json.dumps(said).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + data


# --- Definitions -------------------------------------------------------------------------------------


def definitions_of(urls, *, allowed=()):
    """
    For each URL a webhook `live N`, one `durable N`, and one `token N` whose token is earned there.
    """
    text = f'[tenant]\nname = "Euphoria"\nallowed_networks = {json.dumps(list(allowed))}\n'
    text += f'[[agent]]\nextension = "{AGENT}"\n'
    for number, url in enumerate(urls):
        spelled = json.dumps(url)
        text += f"""
[[group]]
name = "token {number}"
authentication = "oauth2"
[group.oauth2]
token_url = {spelled}
client_id = "us"
client_secret = "not-for-you-{number}"

[[webhook]]
name = "token {number}"
group = "token {number}"
type = "ajax-get"
url = "http://{hosts.NAMED}/after-token"

[[webhook]]
name = "durable {number}"
type = "ajax-post"
content_type = "json"
delivery = "durable"
order = "none"
url = {spelled}

[[webhook]]
name = "live {number}"
type = "ajax-get"
max_redirects = 3
url = {spelled}
[[webhook.parameter]]
name = "d"
value = "{{DYNAMIC_PARAMETER}}"
when_empty = "omit"
"""
    text += f"""
[[webhook]]
name = "Links"
type = "ajax-get"
url = "http://{hosts.NAMED}/links"
"""
    for number in range(len(urls)):
        text += f'[[webhook.view.column]]\npath = "c{number}"\nlink = "live {number}"\n'
    text += _rule("links", "ringing", ["Links"])
    text += _rule("durable", "disposed", [f"durable {number}" for number in range(len(urls))])
    for part, numbers in enumerate(parts_of(urls)):
        text += _rule(f"live {part}", "answered", [f"live {n}" for n in numbers], f"CALL_QUEUE == '{part}'")
    return text


def _rule(name, moment, webhooks, when="true"):
    started = json.dumps(webhooks)
    return f'[[rule]]\nname = "{name}"\non = ["{moment}"]\nwhen = "{when}"\nwebhooks = {started}\n'


def parts_of(urls):
    """
    As many numbers at a time as one agent may have pops.
    """
    return [range(n, min(n + PART, len(urls))) for n in range(0, len(urls), PART)]


def accepted(named):
    """
    Those whose URLs definitions may hold; of the others, what was said.
    """
    good, refused = {}, {}
    for name, url in named.items():
        try:
            read_text(definitions_of([url]))
            good[name] = url
        except WebhookEngineError as error:
            refused[name] = str(error)
    return good, refused


# --- Ways of starting a request ----------------------------------------------------------------------


async def library(urls, target, **options):
    """
    `Engine.ask`, under proxies that the environment names.
    """
    os.environ.update(PROXIES)
    async with Engine(read_text(definitions_of(urls.values(), **options))) as engine:
        found = {}
        for number, name in enumerate(urls):
            since = len(target.visits)
            view = await engine.ask(f"live {number}", CallContext(extension=AGENT))
            found[name] = [view.outcome, view.sentence, target.reached(since)]
    for each in PROXIES:
        del os.environ[each]
    return found


async def redirected(target, *, every):
    """
    `Engine.ask` of a public target that leads elsewhere, with every status.
    """
    everybody = {**hosts.HOSTS, **hosts.MAY_BE_PUBLIC}
    locations = {name: f"http://{host}/in" for name, host in everybody.items()}
    for form, text in hosts.FORMS.items():
        tried = ("10.0.0.1", "[::ffff:a00:1]", "0xa000001") if every else ("10.0.0.1",)
        locations |= {f"{form}, {host}": text.format(host) for host in tried}
    second = b"http://10.0.0.1/in".hex()
    locations["by way of another"] = f"http://second.redirects.attack.test/to/302/{second}"
    urls = {
        f"{name} by {status}": f"/to/{status}/{location.encode().hex()}"
        for number, (name, location) in enumerate(locations.items())
        for turn, status in enumerate((301, 302, 303, 307, 308))
        if every or number % 5 == turn
    }
    # Each from a target of its own: one that fails again and again is not asked for a while.
    return await library(
        {name: f"http://r{n}.redirects.attack.test{path}" for n, (name, path) in enumerate(urls.items())},
        target,
    )


def sent(urls, target, folder):
    """
    `webhook-engine send`.
    """
    file = folder / "send.toml"
    found = {}
    for name, url in urls.items():
        since = len(target.visits)
        file.write_text(definitions_of([url]))
        words = [COMMAND, "send", file, "live 0", "--set", f"EXTENSION={AGENT}", "--json"]
        done = subprocess.run(words, capture_output=True, text=True, env=os.environ | PROXIES, check=False)
        said = json.loads(done.stdout)
        found[name] = [said["outcome"], said["sentence"], target.reached(since)]
    return found


def diagnosed(urls, target, folder):
    """
    `webhook-engine doctor`.
    """
    file = folder / "doctor.toml"
    file.write_text(definitions_of(urls.values()))
    since = len(target.visits)
    words = [COMMAND, "doctor", file, "--json"]
    done = subprocess.run(
        words, capture_output=True, text=True, env=os.environ | PROXIES, cwd=folder, check=False
    )
    told = {each["subject"]: each for each in json.loads(done.stdout or "[]")}
    return {"code": done.returncode, "error": done.stderr, "told": told, "reached": target.reached(since)}


def served(urls, target, folder):
    """
    Everything that a process of `up` sends: asked, live and durable by events, tested, linked, for tokens.
    """
    (folder / "given").mkdir()
    (folder / "webhook-engine.key").write_text(new_key())
    (folder / "given" / "integration.toml").write_text(definitions_of(urls.values()))
    told = {}
    with Process(folder, environ=PROXIES) as process:
        command(folder, "import", "given/integration.toml")
        command(
            folder,
            "user",
            "add",
            "a@example.com",
            "--role",
            "administrator",
            "--extension",
            AGENT,
            "--password-stdin",
            stdin=PASSWORD,
        )
        until(lambda: process.ask("POST", "/v1/webhooks/Links/ask", {"call": {}})[0] != 404)
        console = Console(process.url)
        console.sign_in()
        told["asked"] = each_of(urls, target, lambda n: _ask(process, f"live {n}"))
        told["for a token"] = each_of(urls, target, lambda n: _ask(process, f"token {n}"))
        told["tested"] = each_of(urls, target, lambda n: _tested(console, f"live {n}"))
        since = len(target.visits)
        process.send(event("e", "disposed"))
        told["durable"] = _durable(process, urls)
        told["reached"] = {"durable": target.reached(since)}
        for name, start in (("linked", _by_links), ("live", _by_event)):
            since = len(target.visits)
            told[name] = _popped(process, console, urls, start)
            told["reached"][name] = target.reached(since)
        process.terminate()
        assert 0 == process.wait(), process.said()
        told["log"] = [line for line in process.said().splitlines() if "Traceback" in line]
    return told


def command(folder, *words, stdin=None):
    subprocess.run([COMMAND, *words], cwd=folder, input=stdin, text=True, check=True, capture_output=True)


def each_of(urls, target, ask):
    found = {}
    for number, name in enumerate(urls):
        since = len(target.visits)
        found[name] = [*ask(number), target.reached(since)]
    return found


def _ask(process, webhook):
    path = f"/v1/webhooks/{urllib.parse.quote(webhook)}/ask"
    status, said = process.ask("POST", path, {"call": {"EXTENSION": AGENT}})
    return _seen(said) if status == 200 else [str(status), json.dumps(said)]


def _seen(view):
    return [view["outcome"], view["sentence"]]


def _durable(process, urls):
    def over():
        found = {each["webhook"]: each for each in process.deliveries(event="e")}
        return found if len(found) == len(urls) and all(each["attempts"] for each in found.values()) else None

    found = until(over, lambda: [each for each in process.deliveries() if not each["attempts"]])
    return {
        name: [_last(process, found[f"durable {n}"]), found[f"durable {n}"]["reason"]]
        for n, name in enumerate(urls)
    }


def _last(process, delivery):
    return process.attempts(delivery["id"])[-1]["outcome"]


def _popped(process, console, urls, start):
    """
    What an agent sees of each, a part of them at a time.
    """
    found, names = {}, list(urls)
    for part, numbers in enumerate(parts_of(urls)):
        start(process, console, part, numbers)
        wanted = {f"live {number}" for number in numbers}
        pops = until(partial(_shown, process, wanted), lambda: process.screen(AGENT))
        found |= {names[number]: _seen(pops[f"live {number}"]["view"]) for number in numbers}
        for pop in process.screen(AGENT):
            console.post("/desktop/dismiss", pop=pop["pop"])
    return found


def _shown(process, webhooks):
    pops = {pop["webhook"]: pop for pop in process.screen(AGENT) if pop.get("view")}
    return pops if webhooks <= pops.keys() else None


def _by_links(process, console, part, numbers):
    process.send(event(f"links-{part}", "ringing"))
    pop = until(lambda: _shown(process, {"Links"}))["Links"]
    for number in numbers:
        said = console.post("/desktop/link", pop=pop["pop"], row="0", column=str(number), shown='"x"')
        assert json.loads(said) == {"said": ""}, said


def _by_event(process, console, part, numbers):
    process.send(event(f"live-{part}", "answered", CALL_QUEUE=str(part)))


def _tested(console, webhook):
    page = console.post("/webhook/test", webhook=webhook, agent=AGENT)
    found = re.search(r'class="outcome"><span [^>]*>([^<]*)</span> <strong>([^<]*)<', page)
    console.post("/webhook/read-again", webhook=webhook, **{"view.records": "results"})
    return [html.unescape(each) for each in found.groups()] if found else ["unknown", page]


class Console:
    """
    An administrator at the Integration Centre.
    """

    def __init__(self, url):
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}))
        self.token = ""

    def sign_in(self):
        self.token = self._token("/sign-in")
        self.post("/sign-in", email="a@example.com", password=PASSWORD)
        self.token = self._token("/account")

    def _token(self, path):
        return re.search(r'name="csrf" value="([^"]+)"', self._read(path))[1]

    def _read(self, path, data=None):
        try:
            with self.opener.open(self.url + path, data, timeout=60) as page:
                return page.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.read().decode()

    def post(self, path, **fields):
        return self._read(path, urllib.parse.urlencode({"csrf": self.token, **fields}).encode())


# --- All of it ---------------------------------------------------------------------------------------


async def edges(target):
    """
    What `allowed_networks` lets through beside what it names.
    """
    tried = ["10.0.0.1", "10.0.0.2", "[::ffff:10.0.0.1]", "[::ffff:10.0.0.2]", "private.attack.test"]
    tried += [
        "169.254.169.254",
        "127.0.0.1",
        "[64:ff9b::a00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "metadata.attack.test",
    ]
    tried += ["[2002:a00:1::1]", "[fd00::1]", "[fd00:ec2::254]"]
    found = {}
    for allowed in hosts.EDGES:
        urls = {each: f"http://{each}/edge" for each in tried}
        seen = await library(urls, target, allowed=allowed.split())
        found[allowed] = [name for name, (_, _, reached) in seen.items() if reached]
    return found


def main(folder, *, every):
    server = build(folder)
    target = Everywhere()
    named = {**hosts.PUBLIC_ONES, **hosts.MAY_BE_PUBLIC, **hosts.HOSTS}
    good, refused = accepted({name: f"http://{host}/out" for name, host in named.items()})
    few = {name: url for number, (name, url) in enumerate(good.items()) if every or number % 16 == 0}
    told = {
        "refused as written": refused,
        "doctor": diagnosed(good, target, folder),
        "library": asyncio.run(library(good, target)),
        "sent": sent(few, target, folder),
        "redirected": asyncio.run(redirected(target, every=every)),
        "served": served(good, target, folder),
    }
    told |= {
        "reached": target.reached(),
        "visits": target.visits,
        "asked of the name server": len(server.asked),
    }
    told["edges"] = asyncio.run(edges(target))
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), every="all" in sys.argv[2:])
