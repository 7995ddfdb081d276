import asyncio
import io
import socket
from collections import Counter
from itertools import pairwise

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer

from lookup.record import Facet
from lookup.scopes import Scope
from lookup.web.batch import Pacing
from tests.support.bad_requests import bad_requests
from tests.support.builders import a_card, a_citizen_id, a_coverage, a_person
from tests.support.desk import KEY, Desk, open_desk
from tests.support.waiting import eventually, soon

PATH = "/v1/lookups/batch"
MANY = 1_000
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def a_question(number=1):
    return {"citizen_id": a_citizen_id(number).digits, "full_name": "Nguyễn Thị Lan"}


def questions(count):
    return [a_question(number) for number in range(1, count + 1)]


def a_batch(lookups):
    return orjson.dumps({"lookups": lookups})


def know(desk, count):
    """Have the source know the first citizens, each with a card."""
    for number in range(1, count + 1):
        person = a_person(citizen_id=a_citizen_id(number).digits)
        card = a_card(card_number=f"GD4686800{number:06}")
        desk.source.know(a_coverage(person=person, cards=(card,)))


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        know(desk, 3)
        yield desk


async def post(desk, body, **headers):
    """Send a batch; give the response and its lines or its problem."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    sent = io.BytesIO(body)
    response = await desk.client.post(PATH, data=sent, headers=HEADERS | named)
    text = await response.read()
    if response.content_type == "application/x-ndjson":
        return response, [orjson.loads(line) for line in text.splitlines()]
    return response, orjson.loads(text)


async def lines_of(desk, lookups):
    """The lines of a batch, in the order of its lookups."""
    response, lines = await post(desk, a_batch(lookups))
    assert response.status == 200
    return sorted(lines, key=lambda line: line["index"])


def started(desk, count):
    """Wait until so many lookups are at the source."""

    async def holds():
        return desk.source.loads[Facet.COVERAGE] >= count

    return eventually(holds)


async def test_every_lookup_has_its_line(desk):
    unknown = a_question(9)
    swapped = a_question(2) | {"full_name": "Phạm Quốc Bảo"}

    lines = await lines_of(desk, [a_question(1), unknown, swapped])

    assert [line["index"] for line in lines] == [0, 1, 2]
    codes = [line["answer"]["result"]["code"] for line in lines]
    assert codes == ["000", "050", "060"]
    assert lines[0]["answer"]["person"]["citizen_id"] == a_question(1)["citizen_id"]


async def test_lines_are_never_kept_on_the_way_and_bear_the_request_id(desk):
    response, lines = await post(desk, a_batch(questions(2)))

    assert response.headers["Cache-Control"] == "private, no-store"
    ids = {line["answer"]["request_id"] for line in lines}
    assert ids == {response.headers["X-Request-Id"]}


async def test_a_bad_lookup_is_named_and_costs_no_other(desk):
    bad = a_question(2) | {"birth_date": "30/02/1980", "on": "x"}

    first, second, third = await lines_of(desk, [a_question(1), bad, a_question(3)])

    problem = second["problem"]
    assert (problem["status"], problem["code"]) == (400, "invalid_request")
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["/lookups/1/birth_date", "/lookups/1/on"]
    assert "answer" in first
    assert "answer" in third


async def test_a_scope_that_one_lookup_lacks_is_its_own_problem(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP, Scope.BATCH})
    health = a_question(2) | {"include": ["health"], "purpose": "treatment"}

    first, second = await lines_of(desk, [a_question(1), health])

    assert first["answer"]["result"]["code"] == "000"
    assert second["problem"]["code"] == "not_allowed"


async def test_a_batch_needs_its_scope(desk):
    desk.directory.scopes = frozenset(Scope) - {Scope.BATCH}

    response, problem = await post(desk, a_batch(questions(1)))

    assert (response.status, problem["code"]) == (403, "not_allowed")
    assert "lookup:batch" in problem["detail"]
    assert desk.source.loads == {}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"", [""]),
        (b"\xff", [""]),
        (b'{"lookups":[{}]', [""]),
        (b'{"\xff":[]}', [""]),
        (b"[{}]", [""]),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, [""]),
        (b"{}", ["/lookups"]),
        (b'{"lookups":null}', ["/lookups"]),
        (b'{"lookups":{}}', ["/lookups"]),
        (b'{"lookups":[]}', ["/lookups"]),
        (b'{"lookups":[' + b"0," * MANY + b"0]}", ["/lookups"]),
        (b'{"lookups":[{}],"purpose":"reception"}', ["/purpose"]),
        (b'{"lookups":[{}],"068180000001":1}', [""]),
        (b'{"lookups":[{}],"lookups":[0]}', ["/lookups"]),
        (b'{"lookups":[1],"lookups":[1]}', ["/lookups"]),
        (b'{"lookups":[{}],"\\u006cookups":[0]}', ["/lookups"]),
    ],
)
async def test_a_batch_of_the_wrong_shape_is_refused_as_a_whole(desk, body, pointers):
    response, problem = await post(desk, body)

    assert (response.status, problem["code"]) == (400, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert b"068180000001" not in orjson.dumps(problem)


async def test_a_name_twice_in_a_lookup_is_a_fault_of_that_lookup(desk):
    twice = b'{"citizen_id":"068180000001","full_name":"A","full_name":"B"}'

    _, lines = await post(desk, b'{"lookups":[%b,{}]}' % twice)

    faults = {line["index"]: line["problem"]["errors"][0] for line in lines}
    assert faults[0]["pointer"] == "/lookups/0/full_name"
    assert faults[0]["message"] == "is there twice"
    assert faults[1]["pointer"] == "/lookups/1/citizen_id"


async def test_bad_lookups_are_problems_line_by_line(desk):
    texts = [body for body, _ in bad_requests(MANY, seed=3) if is_json(body)]
    body = b'{"lookups":[%b]}' % b",".join(draw_that_fit(texts))

    response, lines = await post(desk, body)

    assert response.status == 200
    assert len(lines) > MANY / 4
    assert {line["problem"]["code"] for line in lines} == {"invalid_request"}
    assert all(line["problem"]["errors"] for line in lines)
    assert desk.source.loads == {}
    assert desk.audit.entries == desk.log == []


def is_json(body):
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def draw_that_fit(texts, room=1_000_000):
    """As many as go into one batch, the short ones first."""
    for text in sorted(texts, key=len):
        room -= len(text) + 1
        if room > 0:
            yield text


async def test_a_broken_lookup_breaks_the_batch_but_not_the_service(desk):
    broken = [body for body, _ in bad_requests(300, seed=5) if not is_json(body)]

    for body in broken:
        response, answer = await post(desk, b'{"lookups":[%b]}' % body)

        is_line = response.status == 200
        problem = answer[0]["problem"] if is_line else answer
        assert problem["code"] == "invalid_request"


async def test_a_batch_may_be_larger_than_a_lookup_but_not_boundless(desk):
    body = a_batch([a_question(1) | {"operator": "x" * 90}] * MANY)

    fits, lines = await post(desk, body)
    too_large, problem = await post(desk, body.ljust(1024 * 1024 + 1))

    assert (fits.status, len(lines)) == (200, MANY)
    assert (too_large.status, problem["code"]) == (413, "body_too_large")


async def test_lookups_of_a_batch_are_audited_and_counted_one_by_one(desk):
    await lines_of(desk, [*questions(3), {}])

    channels = Counter(entry.channel for entry in desk.audit.entries)
    read = desk.metrics.read
    assert channels == {"batch": 3}
    assert read("tracuu_lookups_total", "active", "population", "batch") == 3
    assert read("tracuu_lookups_total", "refused", "none", "batch") == 1
    assert read("tracuu_problems_total", "invalid_request") == 1
    assert read("tracuu_lookups_in_flight") == 0


async def test_a_load_test_stays_a_load_test(desk):
    await post(desk, a_batch(questions(1)), X_Tracuu_Channel="loadtest")

    read = desk.metrics.read
    assert read("tracuu_lookups_total", "active", "population", "loadtest") == 1


async def test_a_defect_is_a_problem_of_its_line_and_logged_without_content(desk):
    desk.source.fail(ZeroDivisionError("068180000001"), Facet.COVERAGE)

    response, (line,) = await post(desk, a_batch(questions(1)))

    ((event, fields),) = desk.log
    assert (response.status, line["problem"]["code"]) == (200, "internal")
    assert (event, fields["error"]) == ("request.failed", "ZeroDivisionError")
    assert "068180000001" not in repr(desk.log) + repr(line)


@pytest.mark.parametrize("broken", ["source", "audit"])
async def test_what_could_not_be_answered_is_counted_as_unavailable(desk, broken):
    {"source": desk.source.unplug, "audit": desk.audit.break_}[broken]()

    lines = await lines_of(desk, questions(3))

    problems = {line["problem"]["code"] for line in lines}
    assert problems == {f"{broken}_unavailable"}
    read = desk.metrics.read
    assert read("tracuu_lookups_total", "unavailable", "none", "batch") == 3


async def test_lines_come_as_they_are_finished(desk):
    desk.source.hold()
    lookups = [a_question(1), {}]

    response = await desk.client.post(PATH, data=a_batch(lookups), headers=HEADERS)
    first = orjson.loads(await soon(response.content.readline()))
    desk.source.release()
    second = orjson.loads(await soon(response.content.readline()))

    assert [first["index"], second["index"]] == [1, 0]


@pytest.mark.parametrize("portion", [64, MANY])
async def test_only_a_portion_is_under_way_at_once(desk, monkeypatch, portion):
    monkeypatch.setattr("lookup.web.batch.PORTION", portion)
    desk.source.hold()

    sending = asyncio.create_task(post(desk, a_batch(questions(MANY))))
    await started(desk, portion)
    for _ in range(100):
        await asyncio.sleep(0)

    assert desk.source.loads[Facet.COVERAGE] == portion
    desk.source.release()
    _, lines = await sending
    assert len(lines) == MANY


class Gate:
    """A source that keeps everybody waiting except the first citizen."""

    def __init__(self, source):
        self.source = source
        self.open = asyncio.Event()

    async def fetch(self, identifier, facet, deadline, **also):
        if identifier != a_citizen_id(1):
            await self.open.wait()
        return await self.source.fetch(identifier, facet, deadline, **also)


async def test_a_single_lookup_is_answered_while_a_batch_waits():
    desk = Desk()
    know(desk, 1)
    desk.source = gate = Gate(desk.source)
    async with TestClient(TestServer(desk.app())) as desk.client:
        lookups = [a_question(number) for number in range(2, MANY + 2)]
        batch = asyncio.create_task(post(desk, a_batch(lookups)))
        await eventually(lambda: in_flight(desk, 65))

        _, answer = await soon(desk.ask(a_question(1)))
        is_waiting = not batch.done()
        gate.open.set()
        _, lines = await batch

    assert (answer["result"]["code"], is_waiting) == ("000", True)
    assert len(lines) == MANY


@pytest.mark.parametrize(("portion", "is_fair"), [(64, True), (MANY, False)])
async def test_others_have_their_turn_after_every_portion(
    desk, monkeypatch, portion, is_fair
):
    monkeypatch.setattr("lookup.web.batch.PORTION", portion)
    batch = asyncio.create_task(post(desk, a_batch([{}] * MANY)))
    seen = [0.0]

    while not batch.done():
        await asyncio.sleep(0)
        seen.append(
            desk.metrics.read("tracuu_lookups_total", "refused", "none", "batch")
        )

    steps = [after - before for before, after in pairwise(seen)]
    assert (max(steps) <= 64, seen[-1]) == (is_fair, MANY)


async def unpaced(self, *asked, **also):
    """``Pacing.fetch`` without its turn."""
    return await self.source.fetch(*asked, **also)


@pytest.mark.parametrize(("fetch", "is_fair"), [(Pacing.fetch, True), (unpaced, False)])
async def test_what_is_found_at_once_is_answered_one_by_one(
    desk, monkeypatch, fetch, is_fair
):
    monkeypatch.setattr(Pacing, "fetch", fetch)
    desk.source.hold()
    batch = asyncio.create_task(post(desk, a_batch(questions(64))))
    await started(desk, 64)
    seen = [0]

    desk.source.release()
    while not batch.done():
        await asyncio.sleep(0)
        seen.append(len(desk.audit.entries))

    steps = [after - before for before, after in pairwise(seen)]
    assert (max(steps) == 1, seen[-1]) == (is_fair, 64)


@pytest.mark.parametrize("at_most", [2, 3])
async def test_more_batches_wait_for_their_turn(monkeypatch, at_most):
    monkeypatch.setattr("lookup.web.batch.BATCHES_MAX", at_most)
    async with open_desk() as desk:
        desk.source.hold()
        batches = [
            asyncio.create_task(post(desk, a_batch(questions(10)))) for _ in range(3)
        ]
        await started(desk, at_most * 10)
        for _ in range(100):
            await asyncio.sleep(0)

        assert desk.source.loads[Facet.COVERAGE] == at_most * 10
        desk.source.release()
        answers = await asyncio.gather(*batches)
        assert [len(lines) for _, lines in answers] == [10, 10, 10]


async def test_a_batch_that_waits_too_long_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr("lookup.web.batch.BATCHES_MAX", 0)
    monkeypatch.setattr("lookup.web.batch.BATCH_MAX_S", 0.01)
    async with open_desk() as desk:
        response, problem = await post(desk, a_batch(questions(1)))

    assert (response.status, problem["code"]) == (503, "deadline_exceeded")
    assert response.headers["Retry-After"] == "1"


async def test_what_is_left_over_when_time_is_up_becomes_problems(desk):
    desk.source.hold()
    batch = asyncio.create_task(lines_of(desk, questions(100)))
    await started(desk, 64)

    desk.clock.move(by_s=31)
    desk.source.release()

    lines = await batch
    assert all("answer" in line for line in lines[:64])
    assert {line["problem"]["code"] for line in lines[64:]} == {"deadline_exceeded"}
    assert desk.source.loads[Facet.COVERAGE] == 64


async def test_nothing_more_is_begun_for_a_caller_who_has_gone(desk):
    desk.source.hold()
    batch = asyncio.create_task(post(desk, a_batch(questions(MANY))))
    await started(desk, 64)

    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    await eventually(lambda: nobody_connected(desk))
    desk.source.release()
    await eventually(lambda: in_flight(desk, 0))

    assert desk.source.loads[Facet.COVERAGE] == 64
    assert desk.log == []
    await lines_of(desk, questions(3))


async def test_a_caller_who_does_not_read_is_hung_up(desk, monkeypatch):
    monkeypatch.setattr("lookup.web.batch.PORTION", 4)
    monkeypatch.setattr("lookup.web.batch.READING_MAX_S", -29.5)
    body = a_batch([a_question(1)] * MANY)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    headers = "".join(f"{name}: {text}\r\n" for name, text in HEADERS.items())
    server = desk.client.server
    (site,) = server.runner.sites
    (listening,) = site._server.sockets
    # Sockets that hold little by themselves.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(caller, (server.host, server.port))
        await loop.sock_sendall(caller, f"{head}{headers}\r\n".encode() + body)
        await started(desk, 4)
        await eventually(lambda: nobody_connected(desk))

    assert 4 <= desk.source.loads[Facet.COVERAGE] < MANY
    assert desk.log == []
    assert desk.metrics.read("tracuu_lookups_in_flight") == 0


async def nobody_connected(desk):
    return not desk.client.server.runner.server.connections


async def in_flight(desk, count):
    return desk.metrics.read("tracuu_lookups_in_flight") == count
