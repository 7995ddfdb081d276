"""The generator's side of HTTP/1.1: whole requests out, answers read and checked.

No library: only the status line and the length of an answer are parsed, for whatever
the generator spends is missing on the other side.
"""

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import cast

OK = b"HTTP/1.1 200 "

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)


class UnreadableError(ValueError):
    """An answer without a length, or more than one answer at once."""


def is_whole(received: bytes) -> bool:
    """Whether an answer has arrived to its end.

    Raises:
        UnreadableError: It says no length, or something came after it.
    """
    head_end = received.find(_HEAD_END)
    if head_end < 0:
        return False
    length = _LENGTH.search(received, 0, head_end + 2)
    if length is None:
        raise UnreadableError("no length")
    missing = head_end + len(_HEAD_END) + int(length[1]) - len(received)
    if missing < 0:
        raise UnreadableError("more than one answer")
    return missing == 0


def fault_of(received: bytes, expected: tuple[bytes, ...]) -> str | None:
    """What is wrong with a whole answer, without its content; None for nothing."""
    if not received.startswith(OK):
        return f"status {received[_STATUS].decode('ascii', 'replace')}"
    for number, fragment in enumerate(expected):
        if fragment not in received:
            return f"expected content {number} is missing"
    return None


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(
        self,
        answered: Callable[["Connection", bytes, float], None],
        failed: Callable[["Connection", str], None],
    ) -> None:
        """Tell of answers, with the time of their end, and of what goes wrong."""
        self._answered = answered
        self._failed = failed
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.since_s = 0.0
        """From when the request under way counts."""

        self.expected: tuple[bytes, ...] = ()
        """What its answer must hold."""

        self.is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # No asyncio.Transport by its classes, but by its methods.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, expected: tuple[bytes, ...], since_s: float) -> None:
        """Send a request whose time counts from the given moment."""
        assert self._transport is not None
        self.expected = expected
        self.since_s = since_s
        self.is_busy = True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer, mostly the whole."""
        now_s = perf_counter()
        received = self._received + data if self._received else data
        try:
            if not is_whole(received):
                self._received = received
                return
        except UnreadableError as error:
            self._give_up(str(error))
            return
        self._received = b""
        self.is_busy = False
        self._answered(self, received, now_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so, unless we have closed it."""
        del exc
        if self._transport is not None:
            self._give_up("connection lost")

    def close(self) -> None:
        """End it."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def _give_up(self, fault: str) -> None:
        self.close()
        self.is_busy = False
        self._failed(self, fault)
