"""Who asks: an API key looked up in the database and remembered for a while."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.api_keys import ApiKey, hash_key
from loadtests.peers.tables import Client
from lookup.scopes import Scope

REMEMBERED_S = 30.0
"""How long a key is believed before the database is asked again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, and how far it reaches."""

    client_id: str
    scopes: frozenset[Scope]


EVERYBODY = Caller("everybody", frozenset(Scope) - {Scope.RESTRICTED})
"""Who asks where nobody is asked for a key."""


class Callers:
    """Knows callers by their API key."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._remembered: dict[bytes, tuple[float, Caller]] = {}

    async def find(self, key: str) -> Caller | None:
        """The caller this key belongs to; None when it opens nothing."""
        key_hash = hash_key(ApiKey(key))
        now_s = time.monotonic()
        until_s, caller = self._remembered.get(key_hash, (0.0, EVERYBODY))
        if until_s > now_s:
            return caller
        found = await self._read(key_hash)
        if found is None:
            self._remembered.pop(key_hash, None)
            return None
        self._remembered[key_hash] = (now_s + REMEMBERED_S, found)
        return found

    async def _read(self, key_hash: bytes) -> Caller | None:
        async with self._sessions() as session:
            client = await session.scalar(
                select(Client).where(
                    Client.key_hash == key_hash, Client.revoked_at.is_(None)
                )
            )
        if client is None:
            return None
        if client.expires_at is not None and client.expires_at <= datetime.now(UTC):
            return None
        return Caller(client.client_id, frozenset(map(Scope, client.scopes)))


async def current_caller(
    request: Request,
    bearer: Annotated[
        HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
    ],
) -> Caller:
    """The caller of a request.

    Raises:
        HTTPException: No key was sent, or one that opens nothing.
    """
    callers: Callers = request.app.state.callers
    caller = await callers.find(bearer.credentials) if bearer is not None else None
    if caller is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "no valid API key was sent")
    return caller
