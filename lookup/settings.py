"""Every setting: its type, range, unit, default and meaning, read once at the start.

``python -m lookup settings`` prints them; ``deploy/env.sample`` is that print.
"""

import base64
import binascii
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo

PREFIX = "TRACUU_"

OTHERS = frozenset(
    {
        "TRACUU_URL",
        "TRACUU_ADMIN_URL",
        "TRACUU_API_KEY",
        "TRACUU_TEST_REDIS_SERVER",
    }
)
"""Variables that start like settings but belong to callers and tests."""


def _a_database(value: SecretStr) -> SecretStr:
    if not re.match(r"postgres(ql)?://", value.get_secret_value()):
        raise ValueError("must start with postgresql://")
    return value


def _a_redis(value: SecretStr) -> SecretStr:
    if not re.match(r"(rediss?|unix)://", value.get_secret_value()):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


def _a_key(value: SecretStr) -> SecretStr:
    try:
        raw = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004 - AES-256
        raise ValueError("must be 32 bytes in base64: openssl rand -base64 32")
    return value


Port = Annotated[int, Field(ge=1, le=65535)]
Timeout = Annotated[float, Field(gt=0, le=30)]


class SettingsError(ValueError):
    """One or more settings are missing, malformed or unknown; lists them all."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseModel):
    """All settings, frozen. Each name in capitals after ``TRACUU_`` is its variable."""

    model_config = ConfigDict(frozen=True)

    database_url: Annotated[
        SecretStr,
        AfterValidator(_a_database),
        Field(
            description="The population database.",
            examples=["postgresql://tracuu@db/tracuu"],
        ),
    ]
    redis_url: Annotated[
        SecretStr,
        AfterValidator(_a_redis),
        Field(
            description="The shared cache: redis://, rediss:// or unix://.",
            examples=["redis://cache:6379/0"],
        ),
    ]
    cache_key: Annotated[
        SecretStr,
        AfterValidator(_a_key),
        Field(
            description="Secret that hides keys and seals values in the cache: "
            "32 bytes in base64, the same in every worker.",
            examples=["$(openssl rand -base64 32)"],
        ),
    ]
    http_host: Annotated[
        str, Field(description="Address on which lookups are answered.")
    ] = "127.0.0.1"
    http_port: Annotated[
        Port, Field(description="Port on which lookups are answered.")
    ] = 8080
    admin_host: Annotated[
        str, Field(description="Address of metrics and health; keep it private.")
    ] = "127.0.0.1"
    admin_port: Annotated[Port, Field(description="Port of metrics and health.")] = 9464
    workers: Annotated[
        int, Field(ge=1, le=64, description="Processes that answer lookups.")
    ] = 2
    deadline_s: Annotated[
        Timeout, Field(description="Longest time a lookup may take, in seconds.")
    ] = 1.0
    database_timeout_s: Annotated[
        Timeout, Field(description="Longest wait for one query, in seconds.")
    ] = 0.5
    database_connections: Annotated[
        int, Field(ge=1, le=64, description="Connections for lookups, per worker.")
    ] = 4
    redis_timeout_s: Annotated[
        Timeout, Field(description="Longest wait for the cache, in seconds.")
    ] = 0.05
    memory_max_bytes: Annotated[
        int,
        Field(ge=0, description="Memory for cached records, per worker, in bytes."),
    ] = 64 * 1024 * 1024
    fresh_s: Annotated[
        float,
        Field(gt=0, description="How long a cached record counts as fresh, seconds."),
    ] = 600.0
    usable_s: Annotated[
        float,
        Field(
            gt=0,
            description="How long a cached record may answer, marked stale, while "
            "no source can be asked, in seconds.",
        ),
    ] = 86_400.0
    nobody_fresh_s: Annotated[
        float,
        Field(gt=0, description='How long "no such citizen" is remembered, seconds.'),
    ] = 60.0
    drain_s: Annotated[
        float,
        Field(
            ge=0,
            description="Wait between saying not ready and closing, in seconds.",
        ),
    ] = 2.0
    log_level: Annotated[
        str,
        Field(pattern="^(debug|info|warning|error)$", description="Least log level."),
    ] = "info"
    state_dir: Annotated[
        Path, Field(description="Folder for files shared by the workers.")
    ] = Path(".tracuu/run")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting from the environment.

        Raises:
            SettingsError: Anything is missing, malformed or not a setting; every
                fault is reported at once, with the variable and an example.
        """
        faults = _unknown(environ)
        values = {
            name: environ[variable_of(name)]
            for name in cls.model_fields
            if variable_of(name) in environ
        }
        try:
            settings = cls.model_validate(values)
        except ValidationError as invalid:
            found = invalid.errors(include_input=False, include_url=False)
            raise SettingsError(faults + [_fault(e) for e in found]) from None
        if faults:
            raise SettingsError(faults)
        return settings

    def environ(self) -> dict[str, str]:
        """These settings as the environment of another process of this service."""
        return {
            variable_of(name): _text(getattr(self, name))
            for name in type(self).model_fields
        }


def read_database_url(environ: Mapping[str, str]) -> str:
    """Read the one setting that migrations, seeding and clients need.

    Raises:
        SettingsError: It is missing or no address of a PostgreSQL.
    """
    variable = variable_of("database_url")
    example = "for example postgresql://tracuu@db/tracuu"
    if variable not in environ:
        raise SettingsError([f"{variable}: is missing, {example}"])
    try:
        return _a_database(SecretStr(environ[variable])).get_secret_value()
    except ValueError as error:
        raise SettingsError([f"{variable}: {error}, {example}"]) from None


def variable_of(name: str) -> str:
    """The environment variable that sets a setting."""
    return PREFIX + name.upper()


def settings_table() -> list[tuple[str, str, str]]:
    """Every setting as variable, default (or example) and meaning."""
    return [
        (variable_of(name), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return f"required, for example {(field.examples or ['?'])[0]}"
    return str(field.default)


def _text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {variable_of(name) for name in Settings.model_fields}
    return [
        f"{name}: is no setting{_nearest(name, known)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known | OTHERS
    ]


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _fault(error: Any) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    example = f", for example {field.examples[0]}" if field.examples else ""
    if error["type"] == "missing":
        return f"{variable_of(name)}: is missing{example}"
    reason = str(error["msg"]).removeprefix("Value error, ")
    default = "" if field.is_required() else f"; the default is {field.default}"
    return f"{variable_of(name)}: {reason[:1].lower()}{reason[1:]}{example}{default}"
