"""Who is this: the API key of a request."""

from dataclasses import dataclass

from aiohttp import web

from lookup.errors import NotAuthenticatedError
from lookup.ports import ClientDirectory, Clock
from lookup.service import Asker
from lookup.web.middleware import REQUEST_ID, channel_of

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Admission:
    """Knows callers by their API key."""

    directory: ClientDirectory
    clock: Clock

    def asker(self, request: web.Request) -> Asker:
        """Say who sends this request.

        Raises:
            NotAuthenticatedError: No key, or one that opens nothing; which of the
                two is not told.
        """
        client = self.directory.find(_key(request), self.clock.now())
        if client is None:
            raise NotAuthenticatedError("no valid API key was sent")
        return Asker(
            client_id=client.client_id,
            scopes=client.scopes,
            channel=channel_of(request),
            request_id=request[REQUEST_ID],
        )


def _key(request: web.Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return authorization[len(_SCHEME) :].strip()
