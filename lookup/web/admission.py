"""Who is this: the API key or the access token of a request."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from lookup.access_token import AccessTokens, Grant
from lookup.errors import NotAuthenticatedError
from lookup.ports import ClientDirectory, Clock
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
        grant = Grant(client.client_id, client.scopes) if client else None
        grant = grant or self._granted(bearer, now)
        if grant is None:
            raise NotAuthenticatedError("no valid API key or access token was sent")
        return Asker(
            client_id=grant.client_id,
            scopes=grant.scopes,
            channel=channel_of(request),
            request_id=request[REQUEST_ID],
        )

    def _granted(self, bearer: str, now: datetime) -> Grant | None:
        """What a token gives, as far as its client still has it."""
        grant = self.tokens.read(bearer, now=now)
        client = self.directory.named(grant.client_id, now) if grant else None
        if grant is None or client is None:
            return None
        return Grant(grant.client_id, grant.scopes & client.scopes)


def _bearer(request: web.Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return authorization[len(_SCHEME) :].strip()
