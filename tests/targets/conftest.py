"""
Target systems that nobody here wrote: httpbin under gunicorn, and nginx.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest
from typer.testing import CliRunner

from webhook_engine.cli.app import app


def wait_until_answers(port, process, path="/"):
    """
    Returns once the server takes requests; fails with its output where it ended instead.
    """
    give_up = time.monotonic() + 120  # a second where there is room
    while time.monotonic() < give_up:
        if process.poll() is not None:
            pytest.fail(
                f"the server ended: {process.stdout.read() if process.stdout else process.returncode}"
            )
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            return
        time.sleep(0.05)
    pytest.fail("the server never answered")


@contextlib.contextmanager
def running(command, port, path="/"):
    """
    A server process of ours, ended with the test run.
    """
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ
    )
    try:
        wait_until_answers(port, process, path)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=120)


@pytest.fixture(scope="session")
def httpbin(free_port):
    """
    The port of an httpbin.
    """
    port = free_port()
    server = [sys.executable, "-W", "ignore", "-m", "gunicorn", "httpbin:app"]
    with running(
        [*server, "-b", f"127.0.0.1:{port}", "--threads", "16", "--log-level", "warning"], port, "/get"
    ):
        yield port


NGINX = """
daemon off; master_process off; pid {root}/nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type application/octet-stream; gzip on; gzip_min_length 1; gzip_types application/json;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /ready {{ return 200 "ready"; }}
    location = /contacts.json {{ default_type application/json; alias {root}/contacts.json; }}
    location = /contacts.xml {{ default_type text/xml; alias {root}/contacts.xml; }}
    location = /as-html.json {{ default_type text/html; alias {root}/contacts.json; }}
    location = /nothing {{ return 204; }}
    location = /moved {{ return 301 http://127.0.0.1:{port}/contacts.json; }}
    location = /to-metadata {{ return 302 http://169.254.169.254/latest/meta-data/; }}
    location = /gone {{ return 410; }}
    location = /dropped {{ return 444; }}
    location /echo {{ return 200 "$request_uri"; }}
  }}
}}
"""


@pytest.fixture(scope="session")
def nginx(tmp_path_factory, free_port):
    """
    The port of an nginx that serves a few files and a few statuses.
    """
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    root = tmp_path_factory.mktemp("nginx")
    root.chmod(0o755)
    (root / "contacts.json").write_text(
        '{"results": [{"id": 1, "name": "Thandi"}, {"id": 2, "name": "Sipho"}]}'
    )
    (root / "contacts.xml").write_text(
        '<?xml version="1.0"?><XML><contact><id>1</id><name>Thandi</name></contact>'
        "<contact><id>2</id><name>Sipho</name></contact></XML>"
    )
    port = free_port()
    (root / "nginx.conf").write_text(NGINX.format(root=root, port=port))
    with running([binary, "-p", str(root), "-c", str(root / "nginx.conf"), "-e", "stderr"], port, "/ready"):
        yield port


TENANT = """
[tenant]
name = "Euphoria"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
"""


@pytest.fixture
def send(tmp_path):
    """
    `webhook-engine send`, as typed: definitions in, exit code and JSON document out.
    """

    def send(definitions, webhook, *, exit_code=0, **tokens):
        file = tmp_path / "integration.toml"
        file.write_text(TENANT + definitions)
        tokens = {"EXTENSION": "100-Euphoria"} | tokens
        settings = [part for name, value in tokens.items() for part in ("--set", f"{name}={value}")]
        result = CliRunner().invoke(app, ["send", str(file), webhook, "--json", *settings])
        assert exit_code == result.exit_code, result.output
        assert result.stdout, result.stderr or result.exception
        view = json.loads(result.stdout)
        return view | {"row": _only_row(view)}

    return send


def _only_row(view):
    """
    The one row of a view by column path; None where there are more or none.
    """
    if len(view["rows"]) != 1:
        return None
    return dict(zip((column["path"] for column in view["columns"]), view["rows"][0], strict=True))
