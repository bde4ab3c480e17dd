"""
Where settings come from: a file, the environment and flags, read by pydantic-settings.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from webhook_engine.errors import SettingsError, did_you_mean
from webhook_engine.settings import FILE, PREFIX, LogFormat, Settings, database_path, is_postgresql

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SIZE_LIMIT = 1024 * 1024
_NAMES = tuple(field.name for field in fields(Settings))

# Variables of this project that are no settings.
_OTHERS = frozenset({f"{PREFIX}TRACEBACK", f"{PREFIX}API_KEY"})


def _database(url: str) -> str:
    if is_postgresql(url):
        return url
    try:
        database_path(url)
    except SettingsError as error:
        raise ValueError(str(error).removeprefix("database: ")) from None
    return url


_NATS_FILES: Final = frozenset({"ca", "certificate", "credentials", "key", "nkey"})
"""Files that an address of NATS may name behind its `?`."""


def _nats(address: str | None) -> str | None:
    try:
        servers = [urlsplit(each.strip()) for each in (address or "").split(",")]
        right = all(each.scheme in {"nats", "tls"} and each.hostname and each.port != 0 for each in servers)
    except ValueError:  # half an address in brackets, or a port that is none
        servers, right = [], False
    if address and not right:
        raise ValueError("is no address of NATS: write nats://HOST:4222, with commas between several servers")
    for each in servers:
        unknown = sorted({name for name, _ in parse_qsl(each.query, keep_blank_values=True)} - _NATS_FILES)
        if unknown:
            raise ValueError(
                f"has {', '.join(unknown)} behind the `?`, where only {', '.join(sorted(_NATS_FILES))} may stand"
            )
    return address


def nats_of_flag(address: str | None) -> str | None:
    """
    What a command's own `--nats` says, held to what is asked of the setting.

    Raises:
        SettingsError: It is no address; what it holds is not shown.
    """
    try:
        return _nats(address)
    except ValueError as error:
        raise SettingsError([f"--nats: {error}"]) from None


class _Stated(BaseSettings):
    """
    The settings and their kinds; one that nobody states is not set.
    """

    model_config = SettingsConfigDict(
        extra="forbid", env_prefix=PREFIX, env_ignore_empty=True, validate_default=False
    )

    database: Annotated[str, AfterValidator(_database)] = ""
    host: Annotated[str, Field(min_length=1)] = ""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    nats: Annotated[str | None, AfterValidator(_nats)] = None
    tenant: str | None = None
    key: str | None = None
    key_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: str = ""
    insecure_http: bool = False
    handed_out_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    log_format: LogFormat = "auto"

    in_file: ClassVar[dict[str, Any]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the names are pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """
        Flags win over the environment, and that over the file.
        """
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=cls.in_file)


def read(file: Path | None, *, flags: Mapping[str, object]) -> dict[str, Any]:
    """
    The settings that are stated somewhere.

    Raises:
        SettingsError: Every one that cannot be used, and where it stands.
    """
    stated: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    path, tree = _file(file)
    kind: type[_Stated] = type("_StatedHere", (_Stated,), {"in_file": tree})
    try:
        return kind(**stated).model_dump(exclude_unset=True)
    except ValidationError as error:
        # What was given is not shown: it may be a key.
        problems = [_problem(each, stated, path) for each in error.errors(include_input=False)]
    raise SettingsError(problems)


def unknown_variables() -> tuple[tuple[str, str], ...]:
    """
    (Name, a hint) of what looks like a setting of ours in the environment and is none.
    """
    known = {f"{PREFIX}{name.upper()}" for name in _NAMES}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | _OTHERS)
    meant = {name: did_you_mean(name.removeprefix(PREFIX).lower(), _NAMES) for name in unknown}
    return tuple(
        (name, f"; did you mean {PREFIX}{near.upper()}?" if (near := meant[name]) else "") for name in unknown
    )


def _file(file: Path | None) -> tuple[Path, dict[str, Any]]:
    path = file or FILE
    try:
        with path.open("rb") as opened:
            content = opened.read(_SIZE_LIMIT + 1)
    except FileNotFoundError:
        if file is None:
            return path, {}
        raise SettingsError([f"{path}: there is no such settings file"]) from None
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from error
    if len(content) > _SIZE_LIMIT:
        raise SettingsError([f"{path}: is larger than {_SIZE_LIMIT:,} bytes, so it is no settings file"])
    try:
        return path, tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError([f"{path}: is no TOML: {error}"]) from error


def _problem(error: ErrorDetails, flags: Mapping[str, object], file: Path) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    variable = f"{PREFIX}{name.upper()}"
    if name in flags:
        place = f"--{name.replace('_', '-')}"
    else:
        place = variable if variable in os.environ else f"{file}: {name}"
    if error["type"] == "extra_forbidden":
        meant = did_you_mean(name, _NAMES)
        hint = f"did you mean {meant!r}?" if meant else f"there are {', '.join(_NAMES)}"
        return f"{place} is no setting; {hint}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}"
