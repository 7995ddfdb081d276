"""The gateway's token: taken once for all who ask, used until it ends.

It is bound to our address and opens the gateway for ten minutes as a rule.

Source: annex of công văn 1245/BHXH-CNTT of 3 May 2024.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from adapters.vss_answers import TokenAnswer, UnreadableError, decode
from adapters.vss_codes import FAULTS, TOKEN_REFUSED, GatewayFaultError
from adapters.vss_contract import Contract, Watch
from adapters.vss_http import Http, Reply, open_http
from lookup.ports import Clock

PATH = "/api/token/take"

MARGIN_S = 5.0
"""So long before its end a token is not used any more."""

LIFE_MIN_S = 30.0
"""A token is used for so long even if it says less: clocks differ, and a refused token
is taken again anyhow."""

LIFE_USUAL_S = 600.0
"""Taken for granted when the end is not told."""

REFUSED_PAUSE_S = 60.0
"""After our account was refused, so long nothing is asked: wrong passwords in a row
get accounts locked."""

_TAKEN = "200"
_SEVEN_DIGITS = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """With what we ask. Prints without content."""

    username: str
    password_md5: str
    """32 hexadecimal digits; the annex wants capitals."""

    officer_name: str
    officer_citizen_id: str


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What opens the gateway. Prints without content."""

    access: str
    id: str
    ends_s: float
    """On the monotonic clock: not to be used from then on."""


class Tokens:
    """Keeps one token. However many ask at once, it is taken once."""

    def __init__(
        self, take: Callable[[], Awaitable[Token]], *, monotonic: Callable[[], float]
    ) -> None:
        self._take = take
        self._monotonic = monotonic
        self._token: Token | None = None
        self._taking: asyncio.Task[Token] | None = None
        self._refused_until_s = 0.0

    async def current(self) -> Token:
        """The token to use now.

        Raises:
            GatewayFaultError: None could be taken, or our account was refused
                within the last minute.
        """
        if self._token is not None and self._monotonic() < self._token.ends_s:
            return self._token
        if self._monotonic() < self._refused_until_s:
            raise GatewayFaultError("ours", "account_refused")
        if self._taking is None:
            self._taking = asyncio.create_task(self._renew())
            self._taking.add_done_callback(self._taken)
        # Whoever leaves must not take the token from those who stay.
        return await asyncio.shield(self._taking)

    def reject(self, token: Token) -> None:
        """The gateway refused this token; a newer one stays."""
        if self._token is token:
            self._token = None

    async def aclose(self) -> None:
        """Stop taking."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)

    async def _renew(self) -> Token:
        try:
            self._token = await self._take()
        except GatewayFaultError as fault:
            if fault.whose == "ours":
                self._refused_until_s = self._monotonic() + REFUSED_PAUSE_S
            raise
        return self._token

    def _taken(self, taking: asyncio.Task[Token]) -> None:
        self._taking = None
        if not taking.cancelled():
            taking.exception()  # seen, even if all who waited have left


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """Takes tokens from the gateway."""

    http: Http
    account: Account
    timeout_s: float
    clock: Clock
    contract: Contract

    async def take(self) -> Token:
        """Take a new token.

        Raises:
            GatewayFaultError: Our account is refused, or there is no usable answer.
        """
        fields = {
            "username": self.account.username,
            "password": self.account.password_md5,
        }
        try:
            async with asyncio.timeout(self.timeout_s):
                reply = await self.http.post(PATH, fields, form="urlencoded")
        except TimeoutError:
            raise GatewayFaultError("theirs", "token_late") from None
        return self._read(reply)

    def _read(self, reply: Reply) -> Token:
        if reply.is_refusal:
            raise GatewayFaultError("ours", "account_refused")
        try:
            answer = decode(reply.body, TokenAnswer)
        except (UnreadableError, msgspec.ValidationError) as error:
            raise GatewayFaultError("theirs", "token_unreadable") from error
        if answer.code in TOKEN_REFUSED:
            raise GatewayFaultError("ours", f"token_{answer.code}")
        if answer.code != _TAKEN or answer.key is None:
            whose = FAULTS.get(answer.code, "theirs")
            raise GatewayFaultError(whose, "token_missing")
        life_s = self._life_s(answer.key.ends_at, reply.sent_at_s)
        ends_s = self.clock.monotonic() + max(LIFE_MIN_S, life_s - MARGIN_S)
        return Token(answer.key.access, answer.key.id, ends_s)

    def _life_s(self, ends_at: str | None, sent_at_s: float | None) -> float:
        """Measured on the gateway's clock, if it told the time; ours may differ."""
        now_s = self.clock.now().timestamp() if sent_at_s is None else sent_at_s
        try:
            end = datetime.fromisoformat(_SEVEN_DIGITS.sub(r"\1", ends_at or ""))
        except ValueError:
            self.contract.breached("field_malformed", "expires_in")
            return LIFE_USUAL_S
        if end.tzinfo is None:
            end = end.replace(tzinfo=UTC)
        return end.timestamp() - now_s


async def try_token(
    url: str, account: Account, *, timeout_s: float, watch: Watch
) -> None:
    """Take a token and throw it away.

    Raises:
        GatewayFaultError: None is given.
    """
    contract = Contract(metrics=watch.metrics, events=watch.events)
    async with open_http(url) as http:
        await TokenDesk(http, account, timeout_s, watch.clock, contract).take()
