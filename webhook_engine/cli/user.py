"""
`user`: who may sign in to the Integration Centre.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import out, print_json, print_table
from webhook_engine.cli.inputs import AsJson, BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of, whoever
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.store import User

app = typer.Typer(
    help="Add, list and remove users of the Integration Centre.\n\n"
    "Example:  webhook-engine user add naledi@example.com --role administrator",
    no_args_is_help=True,
)

Email = Annotated[str, typer.Argument(help="The user's e-mail address.", show_default=False)]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input; do not ask for it.")
]

_LONGEST = 8 * 1024
"""Bytes; a password has at most 1,000 characters."""


@app.command()
@told
def add(
    settings: Settings,
    email: Email,
    role: Annotated[
        str, typer.Option(help="administrator, manager or agent.", show_default=False, metavar="ROLE")
    ],
    extension: Annotated[
        str, typer.Option(metavar="EXTENSION", help="The extension of an agent, such as 100-Euphoria.")
    ] = "",
    password_stdin: PasswordStdin = False,
) -> None:
    """
    Let somebody sign in.

    Example:  webhook-engine user add naledi@example.com --role agent --extension 100-Euphoria
    """
    from webhook_engine.store import Role

    if role not in tuple(Role):
        raise BadInput(f"--role {role}: it is one of {', '.join(reversed(Role))}")
    password = _password(email, from_stdin=password_stdin)

    async def work() -> User:
        async with open_store_or_service(settings, makes=True) as store:
            tenant = await tenant_of(store, settings)
            return await store.users.add(
                tenant, email, password, role=Role(role), extension=extension, by=whoever()
            )

    user = run(work())
    out().print(f"{user.email} may sign in as {user.role}", markup=False)


@app.command("list")
@told
def list_(settings: Settings, as_json: AsJson = False) -> None:
    """
    Who may sign in, and when they last did.

    Example:  webhook-engine user list
    """

    async def work() -> tuple[User, ...]:
        async with open_store_or_service(settings) as store:
            return await store.users.list(await tenant_of(store, settings))

    users = run(work())
    if as_json:
        print_json([_facts(user) for user in users])
        return
    rows = [
        [
            user.email,
            str(user.role),
            user.extension or None,
            f"{user.created_at:%Y-%m-%d %H:%M}",
            f"{user.last_sign_in_at:%Y-%m-%d %H:%M}" if user.last_sign_in_at else None,
        ]
        for user in users
    ]
    print_table(["email", "role", "extension", "created", "last sign-in"], rows)


def _facts(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "role": user.role,
        "extension": user.extension,
        "created_by": user.created_by,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }


@app.command()
@told
def remove(settings: Settings, email: Email) -> None:
    """
    Let somebody in no more, and end their sessions.

    Example:  webhook-engine user remove naledi@example.com
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.users.remove(await tenant_of(store, settings), email)

    run(work())
    out().print(f"{email} may not sign in any more", markup=False)


@app.command()
@told
def password(settings: Settings, email: Email, password_stdin: PasswordStdin = False) -> None:
    """
    Set another password for somebody, and end their sessions.

    Example:  webhook-engine user password naledi@example.com
    """
    new = _password(email, from_stdin=password_stdin)

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.users.set_password(await tenant_of(store, settings), email, new)

    run(work())
    out().print(f"{email} has another password", markup=False)


def _password(email: str, *, from_stdin: bool) -> str:
    if not from_stdin and sys.stdin.isatty():
        return str(typer.prompt(f"Password for {email}", hide_input=True, confirmation_prompt=True, err=True))
    if not from_stdin:
        raise BadInput("there is no terminal to ask for the password at: give it with --password-stdin")
    try:
        return sys.stdin.buffer.read(_LONGEST).decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise BadInput("the password is not UTF-8") from None
