"""The audit log: on disk before the answer leaves, in files that show every change.

Lookups that end while the disk works are appended together, with one write and one
fdatasync, as soon as it is done: there is no timer. Into the population database they
are carried from there (``audit_shipping``).
"""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from adapters.audit_files import Folder, OpenFile
from adapters.audit_scribe import Scribe
from adapters.audit_shipping import Growth
from adapters.audit_thread import DiskThread
from adapters.vss_contract import Watch
from lookup.errors import AuditUnavailableError
from lookup.ports import AuditEntry

STALL_S = 0.5
"""A disk that has not answered by then counts as one that cannot be written."""

GROUP_S = 0.001
"""Under load, time between two groups: each costs the same, however much is in it."""

QUEUE_MAX = 10_000
"""Entries that may wait for the disk, per worker; then none is taken."""

CHECKPOINT_LOOKUPS = 1_000
CHECKPOINT_S = 60.0
"""After so many lookups, or so long after the first of them, the chain is signed."""

TICK_S = 1.0

FILE_MAX_BYTES = 64 * 1024 * 1024
"""From here on a new file is begun."""

FLUSH_S = 5.0
"""Longest wait at the end for what is not yet on disk."""

_UNWRITABLE = "the audit cannot be written"


class Waiting(NamedTuple):
    """Who waits for the disk."""

    entry: AuditEntry | None
    """None to have everything before it signed."""

    written: asyncio.Future[None]


class WrittenAudit:
    """An ``AuditLog`` in files of this machine, written by one worker."""

    def __init__(
        self, folder: Folder, scribe: Scribe, *, degraded_s: float, watch: Watch
    ) -> None:
        self.growth = Growth(scribe.place.lines)
        self._folder = folder
        self._scribe = scribe
        self._degraded_s = degraded_s
        self._watch = watch
        self._disk = DiskThread()
        self._loop = asyncio.get_running_loop()
        self._file: OpenFile | None = None
        self._waiting: list[Waiting] = []
        self._owed: deque[AuditEntry] = deque()
        self._is_busy = False
        self._is_stalled = False
        self._is_closing = False
        self._failing_since_s: float | None = None
        self._began_s = self._signed_s = watch.clock.monotonic()
        self._told = scribe.signed

    async def record(self, entry: AuditEntry) -> None:
        """Have the entry on disk, as ``AuditLog`` promises."""
        if self._is_closing:
            raise AuditUnavailableError("the audit takes no more entries")
        if not self._is_stalled and len(self._waiting) < QUEUE_MAX:
            await self._written(entry)
        elif self._lets_pass(entry):
            self._owed.append(entry)
        else:
            raise AuditUnavailableError(_UNWRITABLE)

    async def sign(self) -> None:
        """Have everything up to now signed, and what is owed written.

        Raises:
            AuditUnavailableError: It cannot be written.
        """
        await self._written(None)

    async def tend(self) -> None:
        """Sign the chain in time, and write what is owed, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self._watch.clock.monotonic()
            if not self._scribe.since_checkpoint:
                self._signed_s = now_s
            if self._owed or now_s - self._signed_s >= CHECKPOINT_S:
                with suppress(AuditUnavailableError):
                    await self.sign()

    async def forget(self, before_s: float) -> None:
        """Remove files last written before this time, once they are carried.

        That they are gone is signed first, so that no other gap looks like it.

        Args:
            before_s: In seconds since 1970.

        Raises:
            AuditUnavailableError: It cannot be signed; nothing is removed.
            OSError: A file cannot be removed.
        """
        old, carried = [], self.growth.carried
        for file, following in pairwise(self._folder.files()):
            is_carried = carried is None or following.first <= carried + 1
            if not is_carried or file.path.stat().st_mtime >= before_s:
                break
            old.append(file)
            self._scribe.first = following.first
        if old:
            await self.sign()
        for file in old:
            file.path.unlink()

    async def aclose(self) -> None:
        """Take no more entries, and sign what there is, in a bounded time."""
        self._is_closing = True
        if self._is_busy or self._owed or self._scribe.since_checkpoint:
            with suppress(AuditUnavailableError, TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await self.sign()
        self._disk.stop()
        self._watch.metrics.audit_lost(len(self._owed))

    async def _written(self, entry: AuditEntry | None) -> None:
        written = self._loop.create_future()
        self._waiting.append(Waiting(entry, written))
        if not self._is_busy:
            self._begin_soon()
        await written

    def _begin_soon(self) -> None:
        """Not at once: whatever else ends in this turn of the loop goes with it.

        A lone lookup waits no longer than that.
        """
        self._is_busy = True
        if self._watch.clock.monotonic() - self._began_s >= GROUP_S:
            self._loop.call_soon(self._begin_group)
        else:
            self._loop.call_later(GROUP_S, self._begin_group)

    def _begin_group(self) -> None:
        group, self._waiting = self._waiting, []
        before = self._scribe.place, self._scribe.since_checkpoint
        file, content = self._file_and_content(group)
        owed = len(self._owed)
        started_s = self._began_s = self._watch.clock.monotonic()
        stall = self._loop.call_later(STALL_S, self._stall, group)

        def ended(error: OSError | None) -> None:
            stall.cancel()
            self._is_stalled = False
            if error is None:
                self._succeeded(group, owed, started_s=started_s)
            else:
                self._scribe.take_back(*before)
                self._failed(group, error)
            self._is_busy = False
            if self._waiting:
                self._begin_soon()

        self._disk.do(partial(file.append, content), ended)

    def _file_and_content(self, group: list[Waiting]) -> tuple[OpenFile, bytes]:
        scribe, now, lines = self._scribe, self._watch.clock.now(), []
        if self._file and self._file.size_bytes >= FILE_MAX_BYTES:
            self._file.close()
            self._file = None
        if self._file is None:
            self._file = self._folder.new_file(scribe.place.lines + 1)
            lines.append(scribe.new_file(now))
        lines += map(self._line, self._owed)
        lines += [self._line(entry, written) for entry, written in group if entry]
        is_asked = any(entry is None for entry, _ in group)
        if is_asked or scribe.since_checkpoint >= CHECKPOINT_LOOKUPS:
            lines.append(scribe.checkpoint(now))
        return self._file, b"".join(lines)

    def _line(
        self, entry: AuditEntry, written: asyncio.Future[None] | None = None
    ) -> bytes:
        """The line of an entry; one that no line can hold is alone in its harm."""
        try:
            return self._scribe.lookup(entry)
        except (TypeError, ValueError) as error:
            self._watch.events.audit_failed(1, error)
            if written is None:
                self._watch.metrics.audit_lost(1)
            elif not written.done():
                written.set_exception(AuditUnavailableError(_UNWRITABLE))
            return b""

    def _succeeded(self, group: list[Waiting], owed: int, *, started_s: float) -> None:
        if self._failing_since_s is not None:
            self._failing_since_s = None
            self._watch.events.audit_recovered(owed)
        for _ in range(owed):
            self._owed.popleft()
        for _, written in group:
            if not written.done():
                written.set_result(None)
        self.growth.reach(self._scribe.place.lines)
        self._tell_signed()
        self._watch.metrics.audit_written(
            entries=owed + sum(bool(entry) for entry, _ in group),
            duration_s=self._watch.clock.monotonic() - started_s,
        )

    def _tell_signed(self) -> None:
        """Where no database sees the chain grow, the log is to show if it is cut."""
        signed = self._scribe.signed
        if self.growth.carried is None and signed != self._told:
            self._told = signed
            self._watch.events.audit_signed(
                self._scribe.chain, count=signed.lines, head=signed.head.hex()
            )

    def _failed(self, group: list[Waiting], error: OSError) -> None:
        self._file = None
        self._note_failure(len(group), error)
        # Who passed while the disk said nothing did so to be written down later.
        passed = (entry for entry, written in group if _passed(written))
        self._owed.extend(filter(None, passed))
        self._settle(group)

    def _stall(self, group: list[Waiting]) -> None:
        """Wait no longer for a disk that says nothing; it may still do its work."""
        self._is_stalled = True
        waiting, self._waiting = self._waiting, []
        self._note_failure(len(group) + len(waiting), TimeoutError())
        self._settle(group, owe=False)
        self._settle(waiting)

    def _note_failure(self, entries: int, error: OSError) -> None:
        if self._failing_since_s is None:
            self._failing_since_s = self._watch.clock.monotonic()
        self._watch.events.audit_failed(entries, error)

    def _settle(self, group: list[Waiting], *, owe: bool = True) -> None:
        """Let those pass whose entry may be written later, and refuse the others."""
        for entry, written in group:
            if written.done():
                continue
            if entry is None or not self._lets_pass(entry):
                written.set_exception(AuditUnavailableError(_UNWRITABLE))
                continue
            written.set_result(None)
            if owe:
                self._owed.append(entry)

    def _lets_pass(self, entry: AuditEntry) -> bool:
        """Whether this lookup may be answered first and written down later."""
        since_s = self._failing_since_s
        if since_s is None or "health" in entry.facets or len(self._owed) >= QUEUE_MAX:
            return False
        if self._watch.clock.monotonic() - since_s >= self._degraded_s:
            return False
        self._watch.metrics.audit_degraded()
        self._watch.events.audit_degraded()
        return True


def _passed(written: asyncio.Future[None]) -> bool:
    return written.done() and not written.cancelled() and not written.exception()
