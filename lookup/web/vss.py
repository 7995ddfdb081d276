"""The insurer's protocol, serving: ``/api/token/take`` and ``/api/egw/...``.

Hospitals own software that speaks it; they change one address. Errors go up to the
middleware as everywhere, which counts them and has ``vss_wire`` print them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from lookup.citizen_id import Identifier
from lookup.errors import DeadlineExceededError, NotAuthenticatedError
from lookup.ports import Clock, GatewayDirectory, GatewayUser
from lookup.result import LookupResult
from lookup.scopes import Scope
from lookup.service import Asker, LookupService
from lookup.web.forms import FORM
from lookup.web.lookups import BODY_TIMEOUT_S, JSON, read_body
from lookup.web.middleware import REQUEST_ID, channel_of
from lookup.web.vss_fields import (
    HISTORY,
    read_question,
    read_sent,
    text_of,
)
from lookup.web.vss_tokens import Holder, Tokens
from lookup.web.vss_wire import (
    card_answer,
    history_answer,
    json_response,
    token_answer,
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The handlers of the insurer's protocol."""

    service: LookupService
    directory: GatewayDirectory
    tokens: Tokens
    clock: Clock

    async def take_token(self, request: web.Request) -> web.Response:
        """Give a token to a user with the right password.

        Raises:
            NotAuthenticatedError: No such user, or another password.
            DeadlineExceededError: Too many passwords are being checked.
        """
        sent = await _sent(request)
        username, password = text_of(sent, "username"), text_of(sent, "password")
        try:
            async with asyncio.timeout(self.service.deadline_s):
                user = await self.directory.sign_in(
                    username, password, self.clock.now()
                )
        except TimeoutError:
            raise DeadlineExceededError(
                "the password was not checked in time"
            ) from None
        if user is None:
            raise NotAuthenticatedError("no such user, or another password")
        holder = Holder(username, password, str(uuid4()), request.remote or "")
        token, expires_at = self.tokens.issue(holder, self.clock.now())
        return json_response(
            token_answer(
                username, token=token, id_token=holder.id_token, expires_at=expires_at
            )
        )

    async def look_up_card(self, request: web.Request) -> web.Response:
        """Answer one lookup of a card; the three functions differ by name only."""
        result, asked = await self._look_up(request, request.match_info["function"])
        return json_response(card_answer(result, asked))

    async def look_up_history(self, request: web.Request) -> web.Response:
        """Answer one lookup of the visits."""
        result, _ = await self._look_up(request, HISTORY)
        return json_response(history_answer(result))

    async def _look_up(
        self, request: web.Request, function: str
    ) -> tuple[LookupResult, Identifier]:
        user = self._user(request)
        scopes = user.client.scopes
        question = read_question(
            await _sent(request),
            function,
            sees_health=Scope.HEALTH in scopes,
            today=self.clock.today(),
        )
        user.admit_officer(question.officer)
        asker = Asker(
            client_id=user.client.client_id,
            scopes=scopes,
            channel=channel_of(request),
            request_id=request[REQUEST_ID],
            deadline_s=user.client.deadline_s,
        )
        deadline = self.service.deadline(asker)
        result = await self.service.look_up(question.request, asker, deadline)
        return result, question.request.identifier

    def _user(self, request: web.Request) -> GatewayUser:
        """Who holds the token of this call.

        Raises:
            NotAuthenticatedError: It is not a token of ours, has ended, belongs to
                somebody else or somewhere else, or its user is gone; all alike.
        """
        query = request.query
        holder = Holder(
            username=query.get("username", ""),
            password_md5=query.get("password", ""),
            id_token=query.get("id_token", ""),
            address=request.remote or "",
        )
        now = self.clock.now()
        is_open = self.tokens.opens(query.get("token", ""), holder, now)
        user = self.directory.find(holder.username, now) if is_open else None
        if user is None:
            raise NotAuthenticatedError("the token opens nothing")
        return user


async def _sent(request: web.Request) -> Mapping[str, Any]:
    """The fields of a body, JSON or form."""
    body = await read_body(request, timeout_s=BODY_TIMEOUT_S, accepted=(JSON, FORM))
    return read_sent(body, request.content_type)
