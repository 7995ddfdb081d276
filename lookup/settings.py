"""Every setting: its type, range, unit, default and meaning, read once at the start.

``python -m lookup settings`` prints them; ``deploy/env.sample`` is that print.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from lookup.setting_rules import RENAMED, faults_together
from lookup.setting_types import (
    VN_CORE,
    AuditDegraded,
    AuditDir,
    AuditKeep,
    CacheKey,
    CitizenIdSystem,
    ClientsFile,
    DatabaseUrl,
    GatewayTimeout,
    GatewayUrl,
    InsuranceSystem,
    LegacyIdSystem,
    Md5,
    OfficerKey,
    OtherCacheKeys,
    Port,
    PublicUrl,
    RedisUrl,
    Timeout,
    Usable,
    a_database,
)

PREFIX = "TRACUU_"

OTHERS = frozenset(
    {
        "TRACUU_URL",
        "TRACUU_ADMIN_URL",
        "TRACUU_API_KEY",
        "TRACUU_GATEWAY_USERNAME",
        "TRACUU_GATEWAY_PASSWORD",
        "TRACUU_LONG",
        "TRACUU_TEST_REDIS_SERVER",
    }
)
"""Variables that start like settings but belong to callers and tests."""


class SettingsError(ValueError):
    """One or more settings are missing, malformed or unknown; lists them all."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseModel):
    """All settings, frozen. Each name in capitals after ``TRACUU_`` is its variable."""

    model_config = ConfigDict(frozen=True)

    database_url: DatabaseUrl = SecretStr("")
    clients_file: ClientsFile = ""
    audit_dir: AuditDir = ""
    audit_degraded_s: AuditDegraded = 0.0
    audit_keep_days: AuditKeep = 366.0
    audit_officer_key: OfficerKey = ""
    redis_url: Annotated[
        RedisUrl,
        Field(
            description="The shared cache: redis://, rediss:// or unix://.",
            examples=["redis://cache:6379/0"],
        ),
    ]
    cache_key: CacheKey
    other_cache_keys: OtherCacheKeys = SecretStr("")
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
    usable_s: Usable = 86_400.0
    nobody_fresh_s: Annotated[
        float,
        Field(gt=0, description='How long "no such citizen" is remembered, seconds.'),
    ] = 60.0
    sources: Annotated[
        Literal["population", "gateway", "population,gateway"],
        Field(
            description="Who is asked: population, gateway, or population,gateway, "
            "where the gateway is asked about whom the population does not know."
        ),
    ] = "population"
    gateway_url: Annotated[
        GatewayUrl,
        Field(
            description="The insurer's gateway, or a Tracuu before it; without /api.",
            examples=["https://egw.baohiemxahoi.gov.vn"],
        ),
    ] = ""
    gateway_username: Annotated[
        str, Field(description="Our account there.", examples=["68001_BV"])
    ] = ""
    gateway_password_md5: Annotated[
        Md5,
        Field(
            description="MD5 of its password, 32 hexadecimal digits, as the gateway "
            "wants it.",
            examples=["$(printf %s PASSWORD | md5sum | cut -c1-32)"],
        ),
    ] = SecretStr("")
    gateway_officer_name: Annotated[
        SecretStr,
        Field(
            description="Who asks there, as registered: full name.",
            examples=["Trần Văn Mẫu"],
        ),
    ] = SecretStr("")
    gateway_officer_citizen_id: Annotated[
        SecretStr,
        Field(
            description="Citizen ID of that officer.",
            examples=["001080000000"],
        ),
    ] = SecretStr("")
    gateway_timeout_s: GatewayTimeout = 3.0
    public_url: PublicUrl = ""
    fhir_citizen_id_system: CitizenIdSystem = f"{VN_CORE}/national_id"
    fhir_legacy_id_system: LegacyIdSystem = f"{VN_CORE}/citizen_id"
    fhir_insurance_number_system: InsuranceSystem = f"{VN_CORE}/insurance_number"
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

    @property
    def audit_folder(self) -> Path:
        """Where the audit is written."""
        return Path(self.audit_dir or self.state_dir / "audit")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting from the environment.

        Raises:
            SettingsError: Anything is missing, malformed or not a setting; every
                fault is reported at once, with the variable and an example.
        """
        values = {
            name: environ[variable_of(name)]
            for name in cls.model_fields
            if variable_of(name) in environ
        }
        faults = _unknown(environ) + _faults_together(values)
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
    if not environ.get(variable):
        raise SettingsError([f"{variable}: is missing, {example}"])
    try:
        return a_database(SecretStr(environ[variable])).get_secret_value()
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
    return _text(field.default)


def _example(field: FieldInfo) -> str:
    return f", for example {field.examples[0]}" if field.examples else ""


def _text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {variable_of(name) for name in Settings.model_fields}
    return [
        f"{name}: {RENAMED.get(name) or 'is no setting' + _nearest(name, known)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known | OTHERS
    ]


def _faults_together(values: Mapping[str, str]) -> list[str]:
    known = Settings.model_fields
    of_gateway = [
        name
        for name, field in known.items()
        if name.startswith("gateway_") and not _text(field.default)
    ]
    return [
        f"{variable_of(name)}: {reason}{_example(known[name])}"
        for name, reason in faults_together(values, of_gateway=of_gateway)
    ]


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _fault(error: Any) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    example = _example(field)
    if error["type"] == "missing":
        return f"{variable_of(name)}: is missing{example}"
    reason = str(error["msg"]).removeprefix("Value error, ")
    has_default = not field.is_required() and _text(field.default)
    default = f"; the default is {field.default}" if has_default else ""
    return f"{variable_of(name)}: {reason[:1].lower()}{reason[1:]}{example}{default}"
