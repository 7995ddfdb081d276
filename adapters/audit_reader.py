"""Reads a chain of the audit from its files, from where somebody left off."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

import orjson

from adapters.audit_chain import (
    START,
    Place,
    event_in,
    hash_in,
    is_whole,
    read_checkpoint,
)
from adapters.audit_files import File, Folder
from adapters.audit_keys import AuditKeys, NumberSeal, UnsealedError

BATCH_BYTES = 256 * 1024
"""Read at once, some 400 lines."""


class AuditCutError(Exception):
    """The files do not hold what was read of the chain before."""


class Reader:
    """A place in the files of a chain; it moves forward only when told so."""

    def __init__(self, folder: Folder, keys: AuditKeys) -> None:
        self._folder = folder
        self._keys = keys
        self._file: File | None = None
        self._offset = 0
        self._seals: list[NumberSeal] = []
        self.place = START
        files = folder.files()
        self.chain = files[0].chain if files else ""
        """Its name; empty while it has no line."""

    def go_to(self, place: Place) -> None:
        """Go behind this line.

        Raises:
            AuditCutError: It is not there, or another line is.
        """
        file = self._holding(place.lines + 1)
        lines = file.lines()
        behind = place.lines + 1 - file.first
        head = hash_in(lines[behind - 1]) if 0 < behind <= len(lines) else None
        if behind == 0:
            head = bytes.fromhex(read_checkpoint(event_in(lines[0]))[0].head)
        if head != place.head:
            raise AuditCutError(f"line {place.lines} is not the one that was carried")
        self._begin(file)
        self._offset = sum(len(line) + 1 for line in lines[:behind])
        self.place = place

    def read(self, count: int | None = None) -> Sequence[bytes]:
        """The next lines, at most up to this one; none when there are no more.

        Raises:
            AuditCutError: The next line is damaged or missing.
            OSError: The files cannot be read.
        """
        lines = self._next_lines()
        if count is not None:
            lines = lines[: max(0, count - self.place.lines)]
        whole = list(takewhile(is_whole, lines))
        if lines and not whole:
            raise AuditCutError(f"line {self.place.lines + 1} is damaged")
        return whole

    def behind(self, lines: Sequence[bytes]) -> Place:
        """The place after these lines."""
        return Place(self.place.lines + len(lines), hash_in(lines[-1]))

    def passed(self, lines: Sequence[bytes]) -> None:
        """Go behind lines that were read."""
        self.place = self.behind(lines)
        self._offset += sum(len(line) + 1 for line in lines)

    def for_worklist(
        self, lines: Sequence[bytes]
    ) -> Iterator[tuple[dict[str, Any], str]]:
        """Those lookups among lines just read that the worklist wants; the number."""
        for event in map(event_in, lines):
            if b',"worklist_sealed":' not in event:
                continue
            told = orjson.loads(event)
            for seal in self._seals:
                # One written with a secret that is gone keeps its number.
                with suppress(UnsealedError):
                    yield told, seal.open(told["n"], told["worklist_sealed"])

    def _next_lines(self) -> list[bytes]:
        following = self.place.lines + 1
        if self._file is None:
            self._begin(self._holding(following))
        assert self._file is not None
        lines = self._file.lines(self._offset, max_bytes=BATCH_BYTES)
        if lines:
            return lines
        for file in self._folder.files():
            if file.first == following and file != self._file:
                self._begin(file)
                return file.lines(max_bytes=BATCH_BYTES)
        return []

    def _holding(self, number: int) -> File:
        """The file in which this line is or will be."""
        files = [file for file in self._folder.files() if file.first <= number]
        if not files:
            raise AuditCutError(f"the file with line {number} is missing")
        return files[-1]

    def _begin(self, file: File) -> None:
        _, segment = read_checkpoint(event_in(file.first_line()))
        salt = bytes.fromhex(segment.salt) if segment else None
        keys = self._keys.worklist_keys(salt) if salt else []
        self._seals = [NumberSeal(key, file.chain) for key in keys]
        self._file, self._offset = file, 0
