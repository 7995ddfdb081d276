"""Where the audit of this installation is, for those who read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters import audit_queries
from adapters.audit_keys import AuditKeys
from adapters.audit_queries import Event, Wanted
from adapters.audit_verify import Known
from adapters.postgres import RawConnection
from cache.key import subkey
from lookup.administration import with_database
from lookup.demo_facts import CACHE_KEY_FILE
from lookup.setting_types import keys_in
from lookup.settings import Settings, SettingsError, read_database_url, variable_of

Show = Callable[[Event], None]


@dataclass(frozen=True, slots=True, repr=False)
class AuditPlace:
    """Files, the database if there is one, and the secret of hashes and signatures."""

    folder: Path
    database_url: str
    """Empty without one."""

    environ: Mapping[str, str]

    @property
    def keys(self) -> AuditKeys:
        """The keys of the service that writes this audit, or of the demo here.

        Raises:
            SettingsError: The secret is missing or malformed.
        """
        variable, others = variable_of("cache_key"), variable_of("other_cache_keys")
        text = self.environ.get(variable, "")
        if not text and CACHE_KEY_FILE.exists():
            text = CACHE_KEY_FILE.read_text()
        try:
            secrets = keys_in(f"{text},{self.environ.get(others, '')}")
        except ValueError:
            secrets = []
        if not text or not secrets:
            raise SettingsError([f"{variable}: is missing: the one of the service"])
        return AuditKeys(*(subkey(secret, b"audit") for secret in secrets))

    def each(self, wanted: Wanted, show: Show) -> None:
        """Show every lookup that is wanted, oldest first.

        Raises:
            DatabaseError: The database could not be used.
        """
        if not self.database_url:
            for event in audit_queries.find_in_files(self.folder, wanted):
                show(event)
            return

        async def show_all(connection: RawConnection) -> None:
            async for event in audit_queries.find(connection, wanted):
                show(event)

        with_database(self.database_url, show_all)

    def first_lines(self) -> list[bytes]:
        """Of every file of the audit, what its lines need to be read."""
        if not self.database_url:
            return audit_queries.first_lines_in_files(self.folder)
        return with_database(self.database_url, audit_queries.first_lines)

    def known(self) -> dict[str, Known]:
        """What the database has seen of the chains; nothing without one."""
        if not self.database_url:
            return {}
        return with_database(self.database_url, audit_queries.known_of)


def audit_place(environ: Mapping[str, str], facts: Mapping[str, Any]) -> AuditPlace:
    """As the settings say, or as the demo here does.

    Raises:
        SettingsError: The database's address is malformed.
    """
    folder = environ.get(variable_of("audit_dir"))
    default = str(Settings.model_fields["state_dir"].default)
    state = Path(environ.get(variable_of("state_dir"), default))
    database_url = str(facts.get("database_url", ""))
    if environ.get(variable_of("database_url")):
        database_url = read_database_url(environ)
    return AuditPlace(
        Path(folder) if folder else state / "audit", database_url, environ
    )
