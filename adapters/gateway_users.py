"""Accounts of the insurer's protocol, and the officers that its clients have named.

The protocol sends the MD5 of a password, in either case. Kept is scrypt of the
upper-case MD5: slow on purpose, so it runs in a thread, and what was right once is
remembered.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from adapters.clients import Client, ClientError, list_clients
from adapters.postgres import Database, RawConnection, close
from adapters.refreshing import Refreshing
from lookup.citizen_id import CitizenId
from lookup.errors import OfficerNameError, UnknownOfficerError
from lookup.events import Events
from lookup.names import fold_name
from lookup.ports import Officer

PASSWORD_CHARS = 22
"""Length of a password: 131 random bits."""

SALT_BYTES = 16

SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""16 MiB and a tenth of a second, for passwords that we draw. Source: RFC 7914."""

_LETTERS = string.ascii_letters + string.digits
_USERNAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{1,39}", re.ASCII)
_MD5 = re.compile(r"[0-9A-F]{32}", re.ASCII)

_USERS = "SELECT username, client_id, password_salt, password_hash FROM gateway_users"

_OFFICERS = "SELECT client_id, number_hash, name_folded FROM gateway_officers"


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    """A password of an account. Prints as ``Password(***)``, also in f-strings."""

    text: str
    """The password itself: shown once, to whom it is for."""

    @property
    def md5(self) -> str:
        """As the protocol sends it: 32 upper-case hexadecimal digits."""
        hashed = hashlib.md5(self.text.encode(), usedforsecurity=False)
        return hashed.hexdigest().upper()

    def __repr__(self) -> str:
        return "Password(***)"


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What is kept of a password."""

    salt: bytes
    hashed: bytes


_NOBODY = Kept(bytes(SALT_BYTES), bytes(32))
"""Checked where there is no user, so that this takes as long; nothing fits it."""


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A user of the insurer's protocol; which client it is decides what it may."""

    username: str
    client: Client
    kept: Kept
    officers: Mapping[bytes, str]
    """Folded names by hashed number; empty while the client has named none."""

    def admit_officer(self, officer: Officer | None) -> None:
        """Let an officer pass; any, and none, while the client has no list.

        Raises:
            UnknownOfficerError: The client has a list without this officer.
            OfficerNameError: The officer is on it under another name.
        """
        if not self.officers:
            return
        if officer is None:
            raise UnknownOfficerError("no officer was named")
        hashed = hash_officer(self.client.client_id, officer.number)
        listed = self.officers.get(hashed)
        if listed is None:
            raise UnknownOfficerError("the officer is not on the client's list")
        if listed != fold_name(officer.full_name):
            raise OfficerNameError("the list has another name for the officer")


def hash_officer(client_id: str, number: CitizenId) -> bytes:
    """What is kept of an officer's number."""
    return hashlib.sha256(f"{client_id}|{number.digits}".encode()).digest()


async def create_gateway_user(
    connection: RawConnection, client_id: str, username: str
) -> Password:
    """Enter an account of a client.

    Returns:
        Its password, which is kept nowhere: this is the only time it can be shown.

    Raises:
        ClientError: The name is malformed or taken, or there is no such client.
        FAILURES: The database failed.
    """
    if not _USERNAME.fullmatch(username):
        raise ClientError(
            "a gateway user is named with 2 to 40 of letters, digits, _ . and -"
        )
    text = "".join(secrets.choice(_LETTERS) for _ in range(PASSWORD_CHARS))
    password = Password(text)
    salt = secrets.token_bytes(SALT_BYTES)
    try:
        await connection.execute(
            """
            INSERT INTO gateway_users (username, client_id, password_salt,
                password_hash)
            VALUES ($1, $2, $3, $4)
            """,
            username,
            client_id,
            salt,
            _hash(password.md5, salt),
        )
    except asyncpg.UniqueViolationError:
        raise ClientError(f"gateway user {username} exists already") from None
    except asyncpg.ForeignKeyViolationError:
        raise ClientError(f"no client {client_id}") from None
    return password


async def replace_officers(
    connection: RawConnection, client_id: str, officers: Iterable[Officer]
) -> None:
    """Make these the officers of a client; of one number, the last name counts.

    Raises:
        ClientError: There is no such client, or no officer: an empty list would let
            everybody pass.
        FAILURES: The database failed.
    """
    rows = {
        hash_officer(client_id, officer.number): fold_name(officer.full_name)
        for officer in officers
    }
    if not rows:
        raise ClientError("there is no officer in the list")
    try:
        async with connection.transaction():
            await connection.execute(
                "DELETE FROM gateway_officers WHERE client_id = $1", client_id
            )
            await connection.executemany(
                """
                INSERT INTO gateway_officers (client_id, number_hash, name_folded)
                VALUES ($1, $2, $3)
                """,
                [(client_id, hashed, name) for hashed, name in rows.items()],
            )
    except asyncpg.ForeignKeyViolationError:
        raise ClientError(f"no client {client_id}") from None


class GatewayDirectory:
    """Who may speak the insurer's protocol, in memory like the other clients."""

    def __init__(self, database: Database, *, events: Events) -> None:
        self._database = database
        self._accounts: dict[str, Account] = {}
        self._refreshing = Refreshing(self.load, events)
        self._checks = _Checks()

    def find(self, username: str, now: datetime) -> Account | None:
        """The user of this name, None when unknown, or its client has ended."""
        account = self._accounts.get(username)
        if account is None:
            return None
        expires_at = account.client.expires_at
        return None if expires_at and expires_at <= now else account

    async def sign_in(
        self, username: str, password_md5: str, now: datetime
    ) -> Account | None:
        """The user, if the password is right; takes as long if there is none."""
        md5 = password_md5.upper()
        if not _MD5.fullmatch(md5):
            return None
        account = self.find(username, now)
        kept = account.kept if account is not None else _NOBODY
        return account if await self._checks.fits(md5, kept) else None

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
        connection = await self._database.connect("tracuu-gateway-users")
        try:
            self._accounts = await read_accounts(connection)
        finally:
            await close(connection)


async def read_accounts(connection: RawConnection) -> dict[str, Account]:
    """Every account whose client is not revoked, by user name.

    Raises:
        FAILURES: The database failed.
    """
    living = {
        client.client_id: client
        for client in await list_clients(connection)
        if client.revoked_at is None
    }
    officers: dict[str, dict[bytes, str]] = {client_id: {} for client_id in living}
    for row in await connection.fetch(_OFFICERS):
        listed = officers.setdefault(row["client_id"], {})
        listed[row["number_hash"]] = row["name_folded"]
    return {
        row["username"]: Account(
            username=row["username"],
            client=living[row["client_id"]],
            kept=Kept(row["password_salt"], row["password_hash"]),
            officers=officers[row["client_id"]],
        )
        for row in await connection.fetch(_USERS)
        if row["client_id"] in living
    }


def fits(password_md5: str, kept: Kept) -> bool:
    """Whether this is the password; takes a tenth of a second."""
    return hmac.compare_digest(_hash(password_md5, kept.salt), kept.hashed)


class _Checks:
    """Checks passwords one at a time beside the event loop; remembers right ones.

    Much software takes a token for every lookup.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._turn = asyncio.Lock()

    async def fits(self, password_md5: str, kept: Kept) -> bool:
        seen = hashlib.blake2b(
            kept.salt + kept.hashed + password_md5.encode(), key=self._key
        ).digest()
        if seen in self._right:
            return True
        async with self._turn:
            is_right = await asyncio.to_thread(fits, password_md5, kept)
        if is_right:
            self._right.add(seen)
        return is_right


def _hash(password_md5: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password_md5.encode(), salt=salt, **SCRYPT)
