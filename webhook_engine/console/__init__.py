"""
The Integration Centre in a browser: an aiohttp application, run by itself or mounted under any prefix.

How a page is made, in the order of a request:

1. `routes.py` holds ONE TABLE of every address: method, path, least role, handler, name, and where it stands in
   the navigation. Paths have no variable parts; what a page is about stands in its query (`?webhook=Contact+lookup`).
   A test walks the table with every role.
2. `door.py` stands before each handler: session, user, role, tenant, CSRF token; and after it: errors of ours become
   a sentence on a page, or a fragment where htmx asked, and every answer has the headers of `headers.py`.
3. A handler lives in `pages/`, one module for each part of the manual. It takes a `Visit` and returns a response:
   `visit.page("groups.html", …)`, `visit.fragment("_row.html", …)` or `visit.go("groups", say="Saved.")`.
   `visit.url("webhook", webhook=name)` spells addresses, under whatever prefix.
4. `templates/` are jinja2, escaped throughout: pages extend `base.html`, fragments begin with `_`, and
   `_form.html` has a macro for each kind of field, which shows its value, hint and errors.
5. A form's fields are called by their paths in a definitions file (`parameter[2].value`), so `forms.py` reads any
   form into the table of a file, and every `Problem` finds its field by its path. `saving.py` puts the table into the
   definitions in force and saves a new revision; who comes second sees what changed, with their own input kept.
6. `assets/` are served by `assets.py` under names that hold their hash, compressed, for a year. No script and no
   style stands in a page: the Content-Security-Policy refuses them. `console.js` is ours; `vendor/` holds htmx and
   uPlot with their licences.

A new page is a row in the table, a handler, a template and a line in `docs/console.md`; `paging.py` walks long
lists by key.
"""

from webhook_engine.console.app import add_console, console
from webhook_engine.console.first import first_administrator_link
from webhook_engine.console.settings import ConsoleSettings, session_key_of
from webhook_engine.console.visitor import Visitor

__all__ = [
    "ConsoleSettings",
    "Visitor",
    "add_console",
    "console",
    "first_administrator_link",
    "session_key_of",
]
