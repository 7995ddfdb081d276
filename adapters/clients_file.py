"""The clients that may ask, in a file, for a service without a database.

A TOML file with one ``[[client]]`` for each: ``client_id``, ``key_sha256``, ``scopes``
and, where agreed, ``description``, ``deadline_s`` and ``expires``.
"""

import asyncio
import json
import os
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Unpack

import msgspec
from msgspec import Meta

from adapters.api_keys import ApiKey, hash_key, looks_like_key, make_key
from adapters.clients import DEADLINE_MAX_S, ClientError, Terms
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.public_keys import PublicKey
from lookup.scopes import Scope

RELOAD_S = 2.0
"""How often the file is looked at: a change is known this much later."""


class ClientsFileError(ClientError):
    """The file does not say who may ask; the message names line or field."""


class ListedClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A system that may ask, as the file has it."""

    client_id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,39}\Z")]
    key_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """SHA-256 of its key in hexadecimal digits; the key itself is kept nowhere."""

    scopes: frozenset[Scope]
    description: str = ""
    deadline_s: Annotated[float, Meta(gt=0, le=DEADLINE_MAX_S)] | None = None
    expires: Annotated[datetime, Meta(tz=True)] | None = None
    """When its key stops working, with its zone; None for never."""

    @property
    def public_keys(self) -> dict[str, PublicKey]:
        """None: access tokens need a database."""
        return {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    client: tuple[ListedClient, ...] = ()


def read_clients(content: bytes) -> tuple[ListedClient, ...]:
    """Read the content of such a file.

    Raises:
        ClientsFileError: It is malformed, or names a client or a key twice.
    """
    try:
        clients = msgspec.convert(tomllib.loads(content.decode()), _File).client
    except UnicodeDecodeError:
        raise ClientsFileError("is not UTF-8") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ClientsFileError(str(error)) from None
    seen: set[str] = set()
    for index, client in enumerate(clients):
        for field in ("client_id", "key_sha256"):
            if getattr(client, field) in seen:
                raise ClientsFileError(f"There twice - at `$.client[{index}].{field}`")
            seen.add(getattr(client, field))
    return clients


def create_client(
    path: Path, client_id: str, *, scopes: frozenset[Scope], **terms: Unpack[Terms]
) -> ApiKey:
    """Append a client to the file, which is made if there is none.

    Returns:
        Its key, which is kept nowhere: this is the only time it can be shown.

    Raises:
        ClientError: The file is malformed, or would be with this client.
        OSError: It cannot be read or written.
    """
    key = make_key()
    client = ListedClient(
        client_id=client_id,
        key_sha256=hash_key(key).hex(),
        scopes=scopes,
        description=terms.get("description", ""),
        deadline_s=terms.get("deadline_s"),
        expires=terms.get("expires_at"),
    )
    entry = _entry(client)
    content = path.read_bytes() if path.exists() else b""
    try:
        read_clients(content + entry)
    except ClientsFileError as error:
        raise ClientError(f"{path} with {client_id} in it: {error}") from None
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(fd, "ab") as file:
        file.write(entry)
    return key


def _entry(client: ListedClient) -> bytes:
    """The client as TOML, whose strings and lists of strings are written as in JSON."""
    lines = [
        "",
        "[[client]]",
        f"client_id = {_text(client.client_id)}",
        f"key_sha256 = {_text(client.key_sha256)}",
        f"scopes = [{', '.join(_text(scope) for scope in sorted(client.scopes))}]",
    ]
    if client.description:
        lines.append(f"description = {_text(client.description)}")
    if client.deadline_s is not None:
        lines.append(f"deadline_s = {client.deadline_s}")
    if client.expires is not None:
        lines.append(f"expires = {client.expires.isoformat()}")
    return "\n".join([*lines, ""]).encode()


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


class FileDirectory:
    """Who may ask, in memory; keeps what it knows while the file is faulty."""

    def __init__(self, path: Path, *, metrics: Metrics, events: Events) -> None:
        self._path = path
        self._metrics = metrics
        self._events = events
        self._seen: tuple[int, int, int] | None = None
        self._by_key: dict[str, ListedClient] = {}
        self._by_name: dict[str, ListedClient] = {}

    def find(self, key: str, now: datetime) -> ListedClient | None:
        """The client this API key opens, None when unknown, expired or removed."""
        if not looks_like_key(key):
            return None
        return _living(self._by_key.get(hash_key(ApiKey(key)).hex()), now)

    def named(self, client_id: str, now: datetime) -> ListedClient | None:
        """The client of this name, None when unknown, expired or removed."""
        return _living(self._by_name.get(client_id), now)

    async def run(self) -> None:
        """Keep the list up to date until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_S)
            self.load()

    def load(self) -> None:
        """Read the file if it is another one than last time; tells what is wrong."""
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen == self._seen:
                return
            content = self._path.read_bytes()
        except OSError as error:
            self._events.clients_refresh_failed(error)
            return
        # A fault is told once for each state of the file, not again and again.
        self._seen = seen
        try:
            clients = read_clients(content)
        except ClientsFileError as error:
            self._events.clients_file_refused(str(error))
            return
        self._by_key = {client.key_sha256: client for client in clients}
        self._by_name = {client.client_id: client for client in clients}
        self._metrics.clients_loaded(count=len(clients))
        self._events.clients_refreshed(len(clients))


def _living(client: ListedClient | None, now: datetime) -> ListedClient | None:
    if client is None or (client.expires and client.expires <= now):
        return None
    return client
