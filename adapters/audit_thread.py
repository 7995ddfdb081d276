"""The thread that waits for the disk, so that the loop of the lookups never does."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

Work = Callable[[], None]
Ended = Callable[[OSError | None], None]


class DiskThread:
    """Does one piece of work after the other, and tells the loop how each ended."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._orders: SimpleQueue[tuple[Work, Ended] | None] = SimpleQueue()
        # A disk that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def do(self, work: Work, ended: Ended) -> None:
        """Do this next; ``ended`` is called in the loop, with the error if any."""
        self._orders.put((work, ended))

    def stop(self) -> None:
        """Take no more work; what was given is still done."""
        self._orders.put(None)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            work, ended = order
            error = None
            try:
                work()
            except OSError as failed:
                error = failed
            # The loop may have ended without waiting for a disk that never answered.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(ended, error)
