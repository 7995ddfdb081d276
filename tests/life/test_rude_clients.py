"""Answers through real sockets, to clients that leave whenever they like."""

import asyncio
import os
import re

from lookup.bar import bar_of
from tests.support.crowd import COUNT, a_crowd, answer_about, insert_crowd
from tests.support.rude_clients import RudeClients
from tests.support.whole_service import TWO_WORKERS, free_ports, running_service

ANSWERS = 1_000_000 if os.environ.get("TRACUU_LONG") else 10_000

CONNECTIONS = 48

LITTLE = {"TRACUU_MEMORY_MAX_BYTES": "300000", "TRACUU_FRESH_S": "3"}
"""So that answers come from memory, from Redis and from the database by turns."""


async def test_whoever_leaves_whenever_nobody_gets_the_answer_of_another(
    database_url, redis_url, tmp_path
):
    people = a_crowd(COUNT)
    await insert_crowd(database_url, people)
    async with running_service(
        database_url, redis_url, tmp_path, **TWO_WORKERS, **LITTLE
    ) as service:
        port = int(service.environ["TRACUU_HTTP_PORT"])
        clients = RudeClients(port, service.key, people, seed=ANSWERS)

        with bar_of("answers", ANSWERS) as moved_to:
            await clients.get(ANSWERS, connections=CONNECTIONS, moved_to=moved_to)
        counted = {
            source: await service.counted("tracuu_lookups_total", source=source)
            for source in ("memory", "redis", "population")
        }

    assert clients.wrong == 0
    assert clients.refused.total() < ANSWERS / 1_000, clients.refused
    assert clients.left > ANSWERS / 20
    assert min(counted.values()) > ANSWERS / 100
    bad = {"request.failed", "worker.died"}
    assert [line for line in service.said() if line["event"] in bad] == []


class Forgetful:
    """A service that now and then answers whoever asks with the answer before."""

    def __init__(self, people):
        self._answers = {
            each.citizen_id.encode(): answer_about(each) for each in people
        }
        self._before = b""
        self._count = 0

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                (length,) = re.findall(rb"Content-Length: (\d+)", head)
                asked = await reader.readexactly(int(length))
                writer.write(self._answer(head, asked))
        except (OSError, EOFError):
            writer.close()

    def _answer(self, head, asked):
        (request_id,) = re.findall(rb"X-Request-Id: (\S+)", head)
        body = self._answers[re.findall(rb'"citizen_id":"(\d+)"', asked)[0]]
        self._count += 1
        body, self._before = (self._before if not self._count % 97 else body), body
        body += request_id
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def test_the_answer_of_another_is_noticed():
    people = a_crowd(COUNT)
    (port,) = free_ports(1)
    server = await asyncio.start_server(Forgetful(people).serve, "127.0.0.1", port)

    clients = RudeClients(port, "key", people, seed=1)
    async with server:
        await clients.get(1_000, connections=8)

    assert clients.wrong > 0
