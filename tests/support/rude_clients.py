"""Clients that hang up, hurry and dawdle, and look closely at what they get."""

import asyncio
import socket
import struct
from collections import Counter
from random import Random

from tests.support.crowd import answer_about, question_about
from tests.support.raw_http import read_answer, request

AT_ONCE_MAX = 6
"""Requests that are sent before the first is answered."""

_RESET = struct.pack("ii", 1, 0)
"""A connection closed so is torn down, not ended."""


class RudeClients:
    """Ask about a crowd on many connections; each answer must be one's own."""

    def __init__(self, port, key, people, *, seed):
        self.right = 0
        """Answers about whom was asked, to the request that asked."""

        self.wrong = 0
        """Others that say they are right."""

        self.refused = Counter()
        """By status, or by how a connection was broken off."""

        self.left = 0
        """Requests that were left without reading their answer."""

        self._port = port
        self._key = key
        self._people = people
        self._random = Random(seed)
        self._sent = 0
        self._manners = {
            self._ask: 60,
            self._ask_at_once: 20,
            self._ask_in_pieces: 8,
            self._leave_in_the_midst_of_asking: 4,
            self._leave_before_the_answer: 4,
            self._leave_in_the_midst_of_it: 4,
        }

    async def get(self, answers, *, connections, moved_to=lambda _: None):
        """Go on until so many right answers have come."""

        async def go_on():
            while self.right < answers and not self.wrong:
                try:
                    await self._visit(answers)
                except (OSError, EOFError) as error:
                    self.refused[type(error).__name__] += 1
                moved_to(self.right)

        await asyncio.gather(*(go_on() for _ in range(connections)))

    async def _visit(self, answers):
        """One connection, until somebody leaves it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        stays = True
        try:
            while stays and self.right < answers and not self.wrong:
                manners, weights = self._manners.keys(), self._manners.values()
                (ask,) = self._random.choices([*manners], [*weights])
                stays = await ask(reader, writer)
        finally:
            if not stays and self._random.random() < 0.5:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _ask(self, reader, writer):
        sent, expected = self._question()
        writer.write(sent)
        return await self._read(reader, expected)

    async def _ask_at_once(self, reader, writer):
        count = self._random.randint(2, AT_ONCE_MAX)
        questions = [self._question() for _ in range(count)]
        writer.write(b"".join(sent for sent, _ in questions))
        for _, expected in questions:
            await self._read(reader, expected)
        return True

    async def _ask_in_pieces(self, reader, writer):
        sent, expected = self._question()
        cut = self._random.randrange(1, len(sent))
        writer.write(sent[:cut])
        await asyncio.sleep(self._random.random() / 100)
        writer.write(sent[cut:])
        return await self._read(reader, expected)

    async def _leave_in_the_midst_of_asking(self, _, writer):
        sent, _ = self._question()
        writer.write(sent[: self._random.randrange(1, len(sent))])
        return await self._leave()

    async def _leave_before_the_answer(self, _, writer):
        sent, _ = self._question()
        writer.write(sent)
        return await self._leave()

    async def _leave_in_the_midst_of_it(self, reader, writer):
        sent, _ = self._question()
        writer.write(sent * 2)
        await reader.readexactly(self._random.randint(1, 100))
        return await self._leave()

    async def _leave(self):
        """Leave after a moment, in which the service has begun or not."""
        self.left += 1
        await asyncio.sleep(self._random.choice((0, 0.0005, 0.003)))
        return False

    async def _read(self, reader, expected):
        answer = await read_answer(reader)
        if answer.status != 200:
            self.refused[answer.status] += 1
        elif all(each in answer.body for each in expected):
            self.right += 1
        else:
            self.wrong += 1
        return True

    def _question(self):
        """A request, and what must stand in its answer and in no other."""
        self._sent += 1
        person = self._random.choice(self._people)
        request_id = f"{self._sent:08x}-0000-4000-8000-000000000000"
        sent = request(
            question_about(person),
            Authorization=f"Bearer {self._key}",
            X_Request_Id=request_id,
        )
        return sent, (answer_about(person), request_id.encode())
