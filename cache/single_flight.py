"""One load for all who ask for the same facet of the same number at the same time.

The claim is part of the question, because there are sources that judge it. A load
belongs to nobody who waits for it: it goes on when they leave, up to a time limit of
its own, and what it finds serves those who come later.
"""

import asyncio

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.metrics import Metrics
from lookup.ports import Clock, RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim

_Question = tuple[Identifier, Facet, Claim | None]


class SingleFlight:
    """A ``RecordSource`` that never asks the one behind it twice at once."""

    def __init__(
        self, source: RecordSource, *, clock: Clock, load_max_s: float, metrics: Metrics
    ) -> None:
        """Let a load take ``load_max_s`` at most, however long its askers wait."""
        self._source = source
        self._clock = clock
        self._load_max_s = load_max_s
        self._metrics = metrics
        self._loads: dict[_Question, asyncio.Task[Finding]] = {}

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Wait for the load under way or a new one, as ``RecordSource`` promises."""
        left_s = deadline.left_s()
        question = identifier, facet, claim
        load = self._loads.get(question)
        if load is None:
            load = self._start(question)
        else:
            self._metrics.load_joined(facet)
        loop = asyncio.get_running_loop()
        end = loop.create_future()
        load.add_done_callback(lambda _: _reach(end))
        # asyncio.wait does more than is needed here, for every lookup that misses.
        timer = loop.call_later(left_s, _reach, end)
        try:
            await end
        finally:
            timer.cancel()
        if not load.done():
            raise DeadlineExceededError("the load takes longer than the lookup may")
        if load.cancelled():
            raise SourceUnavailableError("this worker is closing")
        return load.result()

    async def aclose(self) -> None:
        """End the loads under way."""
        loads = tuple(self._loads.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)

    def _start(self, question: _Question) -> asyncio.Task[Finding]:
        identifier, facet, claim = question
        monotonic = self._clock.monotonic
        deadline = Deadline(monotonic() + self._load_max_s, monotonic)
        load = asyncio.create_task(
            self._source.fetch(identifier, facet, deadline, claim=claim)
        )
        self._loads[question] = load

        def end(load: asyncio.Task[Finding]) -> None:
            del self._loads[question]
            if not load.cancelled():
                load.exception()  # seen, even if all who waited have left

        load.add_done_callback(end)
        return load


def _reach(end: asyncio.Future[None]) -> None:
    """Whichever comes first, and the one who waited may have left."""
    if not end.done():
        end.set_result(None)
