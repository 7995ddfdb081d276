"""An answer in one piece, written together with all others of the same turn.

``web.Response`` prepares for chunks, compression and cookies that an answer of ours
never has. And to write costs a processor more than the write itself: the kernel's code
takes the place of ours in its nearest cache. So a turn of the event loop first works
out all its answers and then writes them one after the other.
"""

import asyncio
import time
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter


class _Sent(asyncio.Future[None]):
    """Done once a turn's answers are written; who leaves early ends it for nobody."""

    def cancel(self, msg: object = None) -> bool:
        del msg
        return False


class Outbox:
    """Answers of this turn of the event loop, on their way to the sockets."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._sent: _Sent | None = None

    def send(self, transport: asyncio.Transport, whole: bytes) -> asyncio.Future[None]:
        """Write it when the turn is over; until then, nothing else may be written."""
        self._waiting.append((transport, whole))
        if self._sent is None:
            loop = asyncio.get_running_loop()
            self._sent = _Sent(loop=loop)
            loop.call_soon(self._write_all)
        return self._sent

    def _write_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        sent, self._sent = self._sent, None
        for transport, whole in waiting:
            # It may be closed without saying so yet; the others' answers go out.
            with suppress(OSError, RuntimeError):
                if not transport.is_closing():
                    transport.write(whole)
        assert sent is not None, "only send calls this"
        sent.set_result(None)


class Answer(web.StreamResponse):
    """A 200 with a JSON body. ``on_response_prepare`` hears nothing of it."""

    def __init__(self, body: bytes, head: str, outbox: Outbox) -> None:
        """Write these header lines, each with its end, before those set later."""
        super().__init__()
        self._whole = body
        self._head = head
        self._outbox = outbox
        self._asked: web.BaseRequest | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Get ready; nothing is written yet."""
        self._asked = request
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write it whole.

        Raises:
            ConnectionResetError: The caller has gone.
        """
        assert not data, "an answer has its body from the beginning"
        assert self._asked is not None, "prepare comes first"
        if self._asked.transport is None:
            raise ConnectionResetError("the caller has gone")
        major, minor = self._asked.version
        lines = [f"{name}: {text}\r\n" for name, text in self.headers.items()]
        if (
            bool(self._keep_alive) != bool(minor)
            and hdrs.CONNECTION not in self.headers
        ):
            wish = "keep-alive" if self._keep_alive else "close"
            lines.append(f"Connection: {wish}\r\n")
        head = (
            f"HTTP/{major}.{minor} 200 OK\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(self._whole)}\r\n"
            f"Date: {_date(int(time.time()))}\r\n"
            f"{self._head}{''.join(lines)}\r\n"
        )
        self._eof_sent = True
        whole = head.encode("latin-1") + self._whole
        await self._outbox.send(self._asked.transport, whole)
        await self._asked.writer.drain()  # who does not read is not answered on


@lru_cache(maxsize=1)
def _date(at_s: int) -> str:
    return formatdate(at_s, usegmt=True)
