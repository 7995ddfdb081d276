"""HTTP as bytes, for what no client library lets a test send or see."""

import asyncio
import re
from contextlib import asynccontextmanager
from typing import NamedTuple

import orjson

from tests.support.desk import KEY

MAY_DIFFER = re.compile(
    rb"\r\n(?:Date|X-Request-Id|Server-Timing): [^\r]*|\"request_id\":\"[^\"]*\""
)
"""What two answers to the same question differ in."""


class RawAnswer(NamedTuple):
    """An answer, as it came."""

    head: bytes
    body: bytes

    @property
    def status(self):
        return int(self.head.split()[1])

    def header(self, name):
        """The text of a header, None when it is not there."""
        found = re.search(rf"\r\n{name}: ([^\r]*)", self.head.decode(), re.IGNORECASE)
        return found and found[1]

    def lasting(self):
        """All of it but id, date and times."""
        return MAY_DIFFER.sub(b"", self.head + self.body)


def request(body=b"", *, line="POST /v1/lookups HTTP/1.1", **headers):
    """A request in one piece; a header that is None is left out."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    valid = {
        "Host": "desk",
        "Authorization": f"Bearer {KEY}",
        "Content-Type": "application/json",
        "Content-Length": len(data),
    }
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [
        f"{name}: {text}\r\n"
        for name, text in (valid | given).items()
        if text is not None
    ]
    return f"{line}\r\n{''.join(lines)}\r\n".encode() + data


async def read_answer(reader):
    """The next answer of a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    answer = RawAnswer(head, b"")
    length = answer.header("Content-Length")
    if length is None or answer.status == 304:
        return answer
    return answer._replace(body=await reader.readexactly(int(length)))


@asynccontextmanager
async def connected(here):
    """A reader and a writer, closed after the block."""
    reader, writer = await here.connect()
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(here, *parts):
    """Send the parts one by one on a connection of their own, and read one answer."""
    async with connected(here) as (reader, writer):
        for part in parts[:-1]:
            writer.write(part)
            await asyncio.sleep(0.02)  # so that each is a packet of its own
        writer.write(parts[-1])
        return await read_answer(reader)
