"""Who is this: the API key or the access token of a request."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from lookup.access_token import AccessTokens
from lookup.errors import NotAuthenticatedError
from lookup.ports import Client, ClientDirectory, Clock
from lookup.scopes import Scope, same_scopes
from lookup.service import Asker
from lookup.web.middleware import REQUEST_ID, channel_of

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Admission:
    """Knows callers by their API key, or by an access token they got for a proof."""

    directory: ClientDirectory
    clock: Clock
    tokens: AccessTokens

    def asker(self, request: web.Request) -> Asker:
        """Say who sends this request.

        Raises:
            NotAuthenticatedError: No key, or one that opens nothing; which of the
                two is not told.
        """
        bearer, now = _bearer(request), self.clock.now()
        client = self.directory.find(bearer, now)
        if client is not None:
            scopes = client.scopes
        else:
            client, scopes = self._granted(bearer, now)
        return Asker(
            client_id=client.client_id,
            scopes=scopes,
            channel=channel_of(request),
            request_id=request[REQUEST_ID],
            deadline_s=client.deadline_s,
        )

    def _granted(self, bearer: str, now: datetime) -> tuple[Client, frozenset[Scope]]:
        """Whose token this is, and what it gives as far as the client still has it.

        Raises:
            NotAuthenticatedError: It is no token, or its client is gone.
        """
        grant = self.tokens.read(bearer, now=now)
        client = self.directory.named(grant.client_id, now) if grant else None
        if grant is None or client is None:
            raise NotAuthenticatedError("no valid API key or access token was sent")
        return client, same_scopes(grant.scopes & client.scopes)


def _bearer(request: web.Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return authorization[len(_SCHEME) :].strip()
