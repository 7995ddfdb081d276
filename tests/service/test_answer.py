import asyncio

import pytest

from lookup.web import answer
from lookup.web.answer import Outbox


class Transport:
    """Where bytes go, until it closes."""

    def __init__(self, written, *, is_closing=False):
        self.written = written
        self.closing = is_closing

    def is_closing(self):
        return self.closing

    def write(self, whole):
        self.written.append(whole)


@pytest.fixture
def written():
    return []


async def test_answers_of_a_turn_are_written_in_their_order_when_it_is_over(written):
    outbox, transports = Outbox(), [Transport(written), Transport(written)]

    sent = [outbox.send(transports[n % 2], b"%d" % n) for n in range(5)]
    at_first = list(written)
    await asyncio.wait_for(sent[0], 1)

    assert at_first == []
    assert written == [b"0", b"1", b"2", b"3", b"4"]
    assert all(one.done() for one in sent)


async def test_each_turn_is_written_for_itself(written):
    outbox, transport = Outbox(), Transport(written)

    for whole in (b"first", b"second"):
        await outbox.send(transport, whole)

    assert written == [b"first", b"second"]


async def test_nothing_is_written_to_who_has_gone(written):
    outbox = Outbox()

    gone = outbox.send(Transport(written, is_closing=True), b"gone")
    here = outbox.send(Transport(written), b"here")
    await asyncio.gather(gone, here)

    assert written == [b"here"]


async def test_who_goes_before_the_turn_is_over_gets_nothing(written):
    outbox, transport = Outbox(), Transport(written)

    sent = outbox.send(transport, b"late")
    transport.closing = True
    await sent

    assert written == []


class Broken(Transport):
    """Closed a moment ago, as uvloop says it."""

    def write(self, whole):
        raise RuntimeError(f"{len(whole)} bytes, and the handler is closed")


async def test_one_socket_that_breaks_keeps_nobody_waiting(written):
    outbox = Outbox()

    broken = outbox.send(Broken(written), b"lost")
    here = outbox.send(Transport(written), b"here")
    await asyncio.wait_for(asyncio.gather(broken, here), 5)

    assert written == [b"here"]


@pytest.mark.parametrize(
    ("kind", "others"),
    [(answer._Sent, [None, None]), (asyncio.Future, [asyncio.CancelledError] * 2)],
)
async def test_one_who_leaves_takes_nobodys_answer_away(
    kind, others, *, written, monkeypatch
):
    monkeypatch.setattr(answer, "_Sent", kind)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    outbox = Outbox()

    async def handler():
        await outbox.send(Transport(written), b"here")

    handlers = [asyncio.create_task(handler()) for _ in range(3)]
    await asyncio.sleep(0)
    handlers[1].cancel()
    first, left, last = await asyncio.gather(*handlers, return_exceptions=True)

    assert isinstance(left, asyncio.CancelledError)
    assert [first and type(first), last and type(last)] == others
    assert written == [b"here"] * 3
