"""One load for all who ask for the same facet of the same number at the same time.

A load belongs to nobody who waits for it: it goes on when they leave, up to a time
limit of its own, and what it finds serves those who come later.
"""

import asyncio

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.metrics import Metrics
from lookup.ports import Clock, RecordSource
from lookup.record import Facet, Finding


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
        self._loads: dict[tuple[Identifier, Facet], asyncio.Task[Finding]] = {}

    async def fetch(
        self, identifier: Identifier, facet: Facet, deadline: Deadline
    ) -> Finding:
        """Wait for the load under way or a new one, as ``RecordSource`` promises."""
        left_s = deadline.left_s()
        load = self._loads.get((identifier, facet))
        if load is None:
            load = self._start(identifier, facet)
        else:
            self._metrics.load_joined(facet)
        done, _ = await asyncio.wait({load}, timeout=left_s)
        if not done:
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

    def _start(self, identifier: Identifier, facet: Facet) -> asyncio.Task[Finding]:
        monotonic = self._clock.monotonic
        deadline = Deadline(monotonic() + self._load_max_s, monotonic)
        load = asyncio.create_task(self._source.fetch(identifier, facet, deadline))
        self._loads[identifier, facet] = load

        def end(load: asyncio.Task[Finding]) -> None:
            del self._loads[identifier, facet]
            if not load.cancelled():
                load.exception()  # seen, even if all who waited have left

        load.add_done_callback(end)
        return load
