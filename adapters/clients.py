"""The clients that may ask, in the population database and in memory."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypedDict, Unpack

import asyncpg

from adapters.api_keys import ApiKey, hash_key, looks_like_key, make_key
from adapters.postgres import Database, RawConnection, close
from adapters.refreshing import Refreshing
from lookup.errors import MalformedError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.public_keys import PublicKey, read_key_set
from lookup.scopes import Scope

_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}", re.ASCII)
_SCOPES = frozenset(Scope)

DEADLINE_MAX_S = 30.0
"""Longest time a client may wait for one lookup."""

_COLUMNS = """
SELECT client_id, description, key_hash, key_hint, scopes, created_at, expires_at,
    revoked_at, key_set, deadline_s
FROM clients
"""


class ClientError(Exception):
    """A client cannot be made or revoked; the message says why."""


class Terms(TypedDict, total=False):
    """What is agreed with a client beside its scopes; each as in ``Client``."""

    description: str
    expires_at: datetime | None
    deadline_s: float | None


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

    deadline_s: float | None = None
    """How long it waits for one lookup; None for as long as everybody."""

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
            deadline_s=row["deadline_s"],
        )


def _public_keys(key_set: str | None) -> Mapping[str, PublicKey]:
    """The keys; none if another version wrote what this one does not take."""
    try:
        return read_key_set(key_set.encode()) if key_set is not None else {}
    except MalformedError:
        return {}


async def create_client(
    connection: RawConnection,
    client_id: str,
    *,
    scopes: Iterable[str],
    **terms: Unpack[Terms],
) -> ApiKey:
    """Enter a client.

    Returns:
        Its key, which is kept nowhere: this is the only time it can be shown.

    Raises:
        ClientError: The name is malformed or taken, a scope is unknown, or the
            deadline is out of range.
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
                (client_id, description, key_hash, key_hint, scopes, expires_at,
                deadline_s)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            client_id,
            terms.get("description", ""),
            hash_key(key),
            key.text[-4:],
            _known(scopes),
            terms.get("expires_at"),
            _bounded(terms.get("deadline_s")),
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


def _bounded(deadline_s: float | None) -> float | None:
    if deadline_s is None or 0 < deadline_s <= DEADLINE_MAX_S:
        return deadline_s
    raise ClientError(f"a deadline is more than 0 s and at most {DEADLINE_MAX_S:.0f} s")


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
        self._recent: dict[str, Client] = {}
        """By keys that were sent and opened, so that each is hashed once."""

        self._refreshing = Refreshing(self.load, events)

    def find(self, key: str, now: datetime) -> Client | None:
        """The client this API key opens, None when unknown, expired or revoked."""
        client = self._recent.get(key)
        if client is None:
            if not looks_like_key(key):
                return None
            client = self._clients.get(hash_key(ApiKey(key)))
            if client is None:
                return None
            self._recent[key] = client
        return client if client.expires_at is None else _living(client, now)

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
            self._recent = {}
            self._by_name = {client.client_id: client for client in clients.values()}
            self._events.clients_refreshed(len(clients))
        self._metrics.clients_loaded(count=len(clients))
