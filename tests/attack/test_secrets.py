"""
A canary is planted as every kind of secret, everything is asked of everybody, and no canary is heard.

The target system repeats whatever it is sent, so that each secret comes back in responses as well.
"""

import base64
import json
import re
import threading
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.attack.spellings import leaks, spellings
from tests.cli.conftest import command  # noqa: F401  # a fixture
from tests.faults.process import Process, event, until
from webhook_engine.store import new_key

PLANTED = {
    "a group's key": "cnry1-q7f/+=&Kx",
    "a key in a query": "cnry2-z9d/+=&<Yw",
    "a key in a body": 'cnry3-j4s"\\<&>Hn',
    "a member's key": "cnry4-p2m:;%Rt",
    "a password of credentials": "cnry5-w8b@:é/Uv",
    "a client's secret": "cnry6-h3k=+Oe",
    "an access token": "cnry7-t6g.-_Ni",
    "a signing secret": "whsec_" + base64.b64encode(b"cnry8-signing-of-24-bytes").decode(),
    "a secret of the environment": "cnry9-e5r&+=Lz",
    "a secret of a file": "cnryA-f1u<&>Qs",
    "a secret of the vault": 'cnryB-v0x"&/Dm',
    "a member's password": 'cnryD-m2p"/<Vb',
    "a member's client secret": "cnryE-c9s%+=Lq",
    "a member's refresh token": "cnryF-r3f.~_Wd",
    "a refresh token that was handed out": "cnryG-h6o.~_Jk",
    "a client's secret that is refused": "cnryH-n5r&=+Pz",
    "a user's password": "cnryC-u8n Correct&Horse",
}

PLANTED_KEY = new_key()

FILE = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]
record_events = 100

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "header"
authentication = "api-key"
key_in = "header"
key_name = "X-Api-Key"
key = {header}
signing_secrets = [{signing}]

[[group]]
name = "query"
authentication = "api-key"
key_in = "query"
key_name = "k"
key = {query}

[[group]]
name = "body"
authentication = "api-key"
key_in = "body"
key_name = "k"
key = {body}

[[group]]
name = "member"
authentication = "api-key"
level = "user"
key_name = "X-Api-Key"

[[group.member]]
extension = "100-Euphoria"
key = {member}

[[group]]
name = "credentials"
authentication = "credentials"
username = "us"
password = {password}

[[group]]
name = "oauth"
authentication = "oauth2"
[group.oauth2]
token_url = "{target}/token"
client_id = "us"
client_secret = {client}

[[group]]
name = "members"
authentication = "credentials"
level = "user"
[[group.member]]
extension = "100-Euphoria"
username = "us"
password = {member_password}

[[group]]
name = "refreshed"
authentication = "oauth2"
level = "user"
[group.oauth2]
token_url = "{target}/token"
grant = "refresh-token"
client_in = "body"
[[group.member]]
extension = "100-Euphoria"
client_id = "us"
client_secret = {member_client}
refresh_token = {member_refresh}

[[group]]
name = "refused"
authentication = "oauth2"
[group.oauth2]
token_url = "{target}/refused"
client_id = "us"
client_secret = {refused}

[[group]]
name = "environment"
authentication = "api-key"
key_in = "query"
key_name = "k"
key = {{ env = "CANARY_OF_ENVIRONMENT" }}

[[group]]
name = "file"
authentication = "api-key"
key_in = "header"
key_name = "X-Api-Key"
key = {{ file = "{file}" }}

[[group]]
name = "vault"
authentication = "api-key"
key_in = "query"
key_name = "k"
key = {{ vault = "canary" }}
"""

WEBHOOK = """
[[webhook]]
name = "{name} {delivery}"
group = "{name}"
type = "{type}"
url = "{target}/{status}/{name}"
content_type = "{content_type}"
delivery = "{delivery}"
[[webhook.parameter]]
name = "call"
value = "{{CALL_SIPID}}"

[[rule]]
name = "{name} {delivery}"
on = ["{moment}"]
webhooks = ["{name} {delivery}"]
"""
GROUPS = [
    *("header", "query", "body", "member", "credentials", "oauth"),
    *("members", "refreshed", "refused", "environment", "file", "vault"),
]
CALL = ("--set", "CALL_SIPID=call", "--set", "EXTENSION=100-Euphoria")


class Echo(BaseHTTPRequestHandler):
    """
    A target system that repeats all it is sent, in every encoding.
    """

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status = 200
        heard = [
            self.path,
            urllib.parse.unquote_plus(self.path),
            *self.headers.values(),
            body,
            urllib.parse.unquote_plus(body),
        ]
        heard += [_opened(each) for each in self.headers.values()]
        self.server.heard += heard
        if self.path == "/token":
            said = {"access_token": PLANTED["an access token"], "token_type": "Bearer", "expires_in": 600}
            if "refresh_token" in body:
                said["refresh_token"] = PLANTED["a refresh token that was handed out"]
        elif self.path == "/refused":
            status, said = 400, {"error": "invalid_client", "error_description": " ".join(heard)}
        else:
            status = int(self.path.split("/")[1])
            said = {"results": [{"id": n, "heard": each} for n, each in enumerate(heard)]}
        data = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Heard", urllib.parse.quote(self.path))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815  # the names are the library's

    def log_message(self, *_):
        pass


def _opened(header):
    kind, _, value = header.partition(" ")
    return base64.b64decode(value).decode() if kind == "Basic" else header


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def folder(echo, tmp_path_factory):
    """
    Where a process works, and beside it what has secrets and is no product of the process.
    """
    made = tmp_path_factory.mktemp("planted")
    (made / "webhook-engine.key").write_text(f"{PLANTED_KEY}\n")
    (made / "given").mkdir()
    (made / "given" / "key.txt").write_text(PLANTED["a secret of a file"])
    quoted = {name: json.dumps(secret, ensure_ascii=False) for name, secret in PLANTED.items()}
    text = FILE.format(
        target=echo.url,
        header=quoted["a group's key"],
        query=quoted["a key in a query"],
        body=quoted["a key in a body"],
        member=quoted["a member's key"],
        password=quoted["a password of credentials"],
        client=quoted["a client's secret"],
        signing=quoted["a signing secret"],
        member_password=quoted["a member's password"],
        member_client=quoted["a member's client secret"],
        member_refresh=quoted["a member's refresh token"],
        refused=quoted["a client's secret that is refused"],
        file=made / "given" / "key.txt",
    )
    for name in GROUPS:
        for delivery, moment, status in (("live", "ringing", 200), ("durable", "disposed", 422)):
            is_post = delivery == "durable" or name == "body"
            text += WEBHOOK.format(
                name=name,
                delivery=delivery,
                moment=moment,
                status=status,
                target=echo.url,
                type="ajax-post" if is_post else "ajax-get",
                content_type="json" if is_post else "url",
            )
    (made / "given" / "integration.toml").write_text(text)
    return made


@pytest.fixture(scope="module")
def process(folder):
    environ = {"CANARY_OF_ENVIRONMENT": PLANTED["a secret of the environment"]}
    with Process(folder, environ=environ) as process:
        yield process


@pytest.fixture
def typed(process, folder, command, monkeypatch):  # noqa: F811  # the fixture, not its import
    """
    Commands typed in the folder of the process; all that they say.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CANARY_OF_ENVIRONMENT", PLANTED["a secret of the environment"])

    def typed(*words, stdin=None):
        done = command(*words, stdin=stdin)
        assert done.code not in (2, 70), f"{words}: {done}"
        return done.out + done.err

    return typed


class Reader:
    """
    An administrator who looks at every page that a link leads to.
    """

    def __init__(self, process):
        self.base = process.url
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path):
        try:
            with self.opener.open(
                self.base + urllib.parse.quote(path, safe="/?=&%+:;,-._~"), timeout=60
            ) as answer:
                return self._all(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return self._all(refused)

    def post(self, path, **fields):
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(fields.pop("at", path)))[1]
        data = urllib.parse.urlencode({"csrf": token, **fields}).encode()
        try:
            with self.opener.open(self.base + path, data, timeout=60) as answer:
                return self._all(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return self._all(refused)

    def _all(self, answer):
        return f"{answer.geturl()}\n{answer.headers}\n{answer.read().decode(errors='replace')}"

    def crawl(self, most):
        """
        Path -> page.
        """
        import html

        seen, coming = {}, ["/"]
        while coming and len(seen) < most:
            path = coming.pop(0)
            if path in seen or "/asset" in path or "stream" in path:
                continue
            seen[path] = self.get(path)
            links = re.findall(r'(?:href|hx-get)="(/[^"#]*)', seen[path])
            coming += [html.unescape(each) for each in links]
        return seen


def test_no_canary_is_heard(process, typed, folder, echo):
    """
    In no command, page, answer, metric, export or file, nor in the log, in whichever encoding.
    """
    said = {}
    file = "given/integration.toml"
    said["vault set"] = typed("vault", "set", "canary", stdin=PLANTED["a secret of the vault"])
    said["import"] = typed("import", file)
    said["user add"] = typed(
        "user",
        "add",
        "a@example.com",
        "--role",
        "administrator",
        "--password-stdin",
        stdin=PLANTED["a user's password"],
    )
    made = typed("key", "add", "CRM")
    secrets = PLANTED | {
        "an API key": made.strip().splitlines()[-1],
        "the key of the vault": PLANTED_KEY,
        "the key of the process": process.key,
    }
    until(lambda: process.ask("POST", "/v1/webhooks/header%20live/ask", {"call": {}})[0] != 404)
    process.send(event("e1", "ringing"), event("d1"))
    process.settled()

    for name in ("key list", "vault list", "user list", "export", "calls export", "deliveries list --json"):
        said[name] = typed(*name.split())
    for delivery in process.deliveries():
        said[f"shown {delivery['id']}"] = typed("deliveries", "show", delivery["id"])
        said[f"shown as JSON {delivery['id']}"] = typed("deliveries", "show", delivery["id"], "--json")
        said[f"test of {delivery['id']}"] = typed("record-test", delivery["id"])
        said[f"served {delivery['id']}"] = json.dumps(process.ask("GET", f"/v1/deliveries/{delivery['id']}"))
    for name in ("check", "doctor"):
        said[name] = typed(name, file)
    said["explain"] = typed("explain", file, "--event", "ringing", *CALL)
    for group in GROUPS[:-1]:  # a file's commands have no vault
        for delivery in ("live", "durable"):
            for name in ("render", "send"):
                words = (name, file, f"{group} {delivery}", *CALL)
                said[" ".join(words)] = typed(*words)
                said[" ".join((*words, "--json"))] = typed(*words, "--json")
    for group in GROUPS:
        path = f"/v1/webhooks/{group}%20live/ask"
        said[path] = json.dumps(process.ask("POST", path, {"call": {"EXTENSION": "100-Euphoria"}}))
    for path in ("/v1/health", "/v1/ready", "/v1/openapi.json", "/v1/deliveries", "/v1/holds"):
        said[path] = json.dumps(process.ask("GET", path), ensure_ascii=False)
    said["screen"] = json.dumps(process.screen("100-Euphoria"), ensure_ascii=False)
    reader = Reader(process)
    said["metrics"] = _metrics(process)
    said["signed in"] = reader.post("/sign-in", email="a@example.com", password=PLANTED["a user's password"])
    for group in GROUPS:
        for delivery in ("live", "durable"):
            name = f"{group} {delivery}"
            at = f"/webhook/test?webhook={name}"
            said[f"tested {name}"] = reader.post("/webhook/test", at=at, webhook=name, agent="100-Euphoria")
    pages = reader.crawl(90)
    cookies = {f"the cookie {each.name}": each.value for each in reader.cookies}
    process.terminate()
    assert 0 == process.wait()
    files = {
        str(path): path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name not in ("webhook-engine.key", "webhook-engine.running")
    }

    assert "a@example.com" in pages["/"], said["signed in"][:3000] + pages["/"][:1500]
    assert len(pages) > 60
    assert {"webhook-engine.db", "webhook-engine.deliveries.db", "log.jsonl"} <= {
        path.rpartition("/")[2] for path in files
    }
    assert cookies
    # The last of them is never asked for: its token is good for longer than this.
    used = set(PLANTED) - {"a signing secret", "a user's password", "a refresh token that was handed out"}
    everything = "\n".join(echo.heard)
    assert set() == {
        name for name in used if not any(s.decode() in everything for s in spellings(PLANTED[name]).values())
    }
    found = {
        place: hidden
        for place, text in {**said, **pages, **files}.items()
        if (hidden := leaks(text, secrets))
    }
    # The browser is told its own cookies; nobody else is, and nothing keeps them.
    found |= {place: hidden for place, text in files.items() if (hidden := leaks(text, cookies))}
    assert {} == found, "\n".join(f"{place}: {each}" for place, hidden in found.items() for each in hidden)


def _metrics(process):
    request = urllib.request.Request(
        f"{process.url}/metrics", headers={"Authorization": f"Bearer {process.key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("name", ["up", "worker", "key list", "doctor"])
def test_the_password_of_a_database_is_not_told(name, typed_anywhere):
    """
    Of an address that cannot be reached the error names the database, and not what opens it.
    """
    secret = "cnryD-b7g%25Wk"
    address = f"postgresql://us:{secret}@127.0.0.1:1/calls"

    done = typed_anywhere(*name.split(), "--database", address)

    assert done.code
    assert [] == leaks(done.out + done.err, {"a database's password": secret, "decoded": "cnryD-b7g%Wk"})


@pytest.fixture
def typed_anywhere(command, tmp_path, monkeypatch):  # noqa: F811  # the fixture, not its import
    monkeypatch.chdir(tmp_path)
    return command
