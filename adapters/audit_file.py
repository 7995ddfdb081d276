"""The audit log in a file, for a service without a database: a line for each lookup.

An entry is handed to the operating system before its answer leaves, so a killed process
loses none; a machine without power may. All workers append to the one file, and whoever
renames it away gets no further lines: the next one begins a new file.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from lookup.errors import AuditUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import AuditEntry, Clock

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC

_NAMES = [name for name in AuditEntry.__struct_fields__ if name != "identifier"]


class FileAuditLog:
    """An ``AuditLog`` whose entries are written at once, as JSON lines."""

    def __init__(
        self, path: Path, clock: Clock, *, metrics: Metrics, events: Events
    ) -> None:
        self._path = path
        self._clock = clock
        self._metrics = metrics
        self._events = events
        self._fd: int | None = None
        self._is_closed = False
        self._is_torn = False
        """Whether the last line may be half a line: the disk was full."""

    async def record(self, entry: AuditEntry) -> None:
        """Write the entry, as ``AuditLog`` promises.

        Appending to a file of this machine takes microseconds, less than a thread.
        """
        if self._is_closed:
            raise AuditUnavailableError("the audit takes no more entries")
        started_s = self._clock.monotonic()
        try:
            self._append(_line(entry))
        except OSError as error:
            self._events.audit_failed(1, error)
            raise AuditUnavailableError("the audit file cannot be written") from None
        duration_s = self._clock.monotonic() - started_s
        self._metrics.audit_written(entries=1, duration_s=duration_s)

    def close(self) -> None:
        """Take no more entries."""
        self._is_closed = True
        self._hang_up()

    def _append(self, line: bytes) -> None:
        fd = self._opened()
        sent = b"\n" + line if self._is_torn else line
        self._is_torn = True
        if os.write(fd, sent) < len(sent):
            raise OSError("a line was written in part")
        self._is_torn = False

    def _opened(self) -> int:
        """The file that has the name now; made when there is none."""
        if self._fd is not None and not self._is_named(self._fd):
            self._hang_up()
        if self._fd is None:
            self._fd = os.open(self._path, _FLAGS, 0o600)
        return self._fd

    def _is_named(self, fd: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(fd))
        except FileNotFoundError:
            return False

    def _hang_up(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None


@contextmanager
def open_audit_file(
    path: Path, clock: Clock, *, metrics: Metrics, events: Events
) -> Iterator[FileAuditLog]:
    """An audit log in this file until the block ends."""
    log = FileAuditLog(path, clock, metrics=metrics, events=events)
    try:
        yield log
    finally:
        log.close()


def _line(entry: AuditEntry) -> bytes:
    """The entry under the names of the columns of ``audit_log``."""
    asked = entry.identifier
    told = {name: getattr(entry, name) for name in _NAMES}
    told["operator"] = _storable(entry.operator)
    told["asked_kind"] = asked.kind if asked else None
    told["asked_number"] = asked.digits if asked else None
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _storable(text: str | None) -> str | None:
    """What a person typed, without what no UTF-8 can hold."""
    return None if text is None else text.encode(errors="replace").decode()
