"""The clients that may ask, and their API keys.

A key looks like ``tracuu_<27 characters>_<6 characters>``: 160 random bits and a
checksum, so that a mistyped key is known without asking anybody. Only its SHA-256 is
kept: with that many random bits nothing slower is needed.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import asyncpg

from adapters.postgres import Database, RawConnection, close
from adapters.refreshing import Refreshing
from lookup.errors import MalformedError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.public_keys import PublicKey, read_key_set
from lookup.scopes import Scope

_BASE62 = string.digits + string.ascii_letters
_KEY = re.compile(r"(tracuu_[0-9A-Za-z]{27})_([0-9A-Za-z]{6})", re.ASCII)
_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}", re.ASCII)
_SCOPES = frozenset(Scope)

_COLUMNS = """
SELECT client_id, description, key_hash, key_hint, scopes, created_at, expires_at,
    revoked_at, key_set
FROM clients
"""


class ClientError(Exception):
    """A client cannot be made or revoked; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key that opens the service. Prints as ``ApiKey(***)``, also in f-strings."""

    text: str
    """The key itself: shown once, to whom it is for."""

    def __repr__(self) -> str:
        return "ApiKey(***)"


@dataclass(frozen=True, slots=True)
class Client:
    """A system that may ask."""

    client_id: str
    description: str
    scopes: frozenset[Scope]
    key_hint: str
    """Last four characters of its key."""

    created_at: datetime
    expires_at: datetime | None
    """When its key stops working; None for never."""

    revoked_at: datetime | None = None
    public_keys: Mapping[str, PublicKey] = field(default_factory=dict)
    """Keys by which it may prove who it is, by ``kid``."""

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """Read a row; scopes that only a newer version knows are left out."""
        return cls(
            client_id=row["client_id"],
            description=row["description"],
            scopes=frozenset(Scope(text) for text in row["scopes"] if text in _SCOPES),
            key_hint=row["key_hint"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
            public_keys=_public_keys(row["key_set"]),
        )


def _public_keys(key_set: str | None) -> Mapping[str, PublicKey]:
    """The keys; none if another version wrote what this one does not take."""
    try:
        return read_key_set(key_set.encode()) if key_set is not None else {}
    except MalformedError:
        return {}


def make_key() -> ApiKey:
    """Draw a new key."""
    body = "tracuu_" + "".join(secrets.choice(_BASE62) for _ in range(27))
    return ApiKey(f"{body}_{_checksum(body)}")


def looks_like_key(text: str) -> bool:
    """Whether this could be a key, by shape and checksum."""
    match = _KEY.fullmatch(text)
    return match is not None and match[2] == _checksum(match[1])


def hash_key(key: ApiKey) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.text.encode()).digest()


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits


async def create_client(
    connection: RawConnection,
    client_id: str,
    *,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    description: str = "",
) -> ApiKey:
    """Enter a client.

    Returns:
        Its key, which is kept nowhere: this is the only time it can be shown.

    Raises:
        ClientError: The name is malformed or taken, or a scope is unknown.
        FAILURES: The database failed.
    """
    if not _CLIENT_ID.fullmatch(client_id):
        raise ClientError(
            "a client is named with 2 to 40 of a-z, 0-9 and -, not beginning with -"
        )
    key = make_key()
    try:
        await connection.execute(
            """
            INSERT INTO clients
                (client_id, description, key_hash, key_hint, scopes, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            client_id,
            description,
            hash_key(key),
            key.text[-4:],
            _known(scopes),
            expires_at,
        )
    except asyncpg.UniqueViolationError:
        raise ClientError(f"client {client_id} exists already") from None
    return key


async def replace_keys(
    connection: RawConnection, client_id: str, key_set: bytes
) -> int:
    """Make these the public keys of a client.

    Returns:
        How many there are.

    Raises:
        ClientError: It is no JWK set as wanted, or there is no such client.
        FAILURES: The database failed.
    """
    try:
        keys = read_key_set(key_set)
    except MalformedError as malformed:
        raise ClientError(f"the key set {malformed}") from None
    replaced = await connection.fetchval(
        """
        UPDATE clients SET key_set = $2
        WHERE client_id = $1 AND revoked_at IS NULL RETURNING client_id
        """,
        client_id,
        key_set.decode(),
    )
    if replaced is None:
        raise ClientError(f"no client {client_id} that could have keys")
    return len(keys)


async def list_clients(connection: RawConnection) -> list[Client]:
    """Every client there ever was, by name.

    Raises:
        FAILURES: The database failed.
    """
    rows = await connection.fetch(f"{_COLUMNS} ORDER BY client_id")
    return [Client.from_row(row) for row in rows]


async def revoke_client(connection: RawConnection, client_id: str) -> None:
    """Take a client's key away for good.

    Raises:
        ClientError: There is no such client, or its key is revoked already.
        FAILURES: The database failed.
    """
    revoked = await connection.fetchval(
        """
        UPDATE clients SET revoked_at = now()
        WHERE client_id = $1 AND revoked_at IS NULL RETURNING client_id
        """,
        client_id,
    )
    if revoked is None:
        raise ClientError(f"no client {client_id} whose key could be revoked")


def _known(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in _SCOPES]
    if unknown:
        known = ", ".join(sorted(_SCOPES))
        raise ClientError(f"no scope {', '.join(unknown)}; there are {known}")
    return wanted


def _living(client: Client | None, now: datetime) -> Client | None:
    if client is None or (client.expires_at and client.expires_at <= now):
        return None
    return client


class ClientDirectory:
    """Who may ask, in memory; keeps what it knows while the database is away."""

    def __init__(self, database: Database, *, metrics: Metrics, events: Events) -> None:
        self._database = database
        self._metrics = metrics
        self._events = events
        self._clients: dict[bytes, Client] = {}
        self._by_name: dict[str, Client] = {}
        self._refreshing = Refreshing(self.load, events)

    def find(self, key: str, now: datetime) -> Client | None:
        """The client this API key opens, None when unknown, expired or revoked."""
        if not looks_like_key(key):
            return None
        return _living(self._clients.get(hash_key(ApiKey(key))), now)

    def named(self, client_id: str, now: datetime) -> Client | None:
        """The client of this name, None when unknown, expired or revoked."""
        return _living(self._by_name.get(client_id), now)

    def refresh_soon(self) -> None:
        """Have the list read again; costs nothing here."""
        self._refreshing.soon()

    async def run(self) -> None:
        """Keep the list up to date until cancelled."""
        await self._refreshing.run()

    async def load(self) -> None:
        """Read the list now.

        Raises:
            FAILURES: The database failed; what was known stays.
        """
        connection = await self._database.connect("tracuu-clients")
        try:
            rows = await connection.fetch(f"{_COLUMNS} WHERE revoked_at IS NULL")
        finally:
            await close(connection)
        clients = {row["key_hash"]: Client.from_row(row) for row in rows}
        if clients != self._clients:
            self._clients = clients
            self._by_name = {client.client_id: client for client in clients.values()}
            self._events.clients_refreshed(len(clients))
        self._metrics.clients_loaded(count=len(clients))
