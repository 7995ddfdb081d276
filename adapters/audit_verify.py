"""Checks the chains of the audit: nothing edited, deleted, swapped or cut off.

Edits, deletions and swaps show by the hashes. Whoever makes the hashes anew is shown by
the signatures, which he cannot make; and who cuts the end off, by what the database
knows of the chain.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from adapters.audit_chain import (
    Checkpoint,
    bound_hash,
    event_in,
    is_checkpoint,
    is_signed_checkpoint,
    number_of,
    read_checkpoint,
)
from adapters.audit_files import File, Folder, is_held

Known = dict[int, bytes]
"""By a number of lines: what the hash of the last one was when the database saw it."""

LOOK_AHEAD = 1_000
"""So many lines are searched for one that is missing in its place."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing wrong with a chain."""

    file: Path
    line: int
    """Of the file, from 1."""

    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class FaultError(Exception):
    """Wraps the first fault of a chain on its way out."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(slots=True)
class Report:
    """What was found in one chain."""

    folder: Path
    chain: str = ""
    lookups: int = 0
    first: int = 0
    """The first line that is there."""

    count: int = 0
    """The last line that is in order."""

    head: bytes = bytes(32)
    signed: int = 0
    """How many lines the last checkpoint signs."""

    kept_from: int = 1
    """The first line that must be there, as the last checkpoint says."""

    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks chains against the keys of those who may sign."""

    signers: Collection[str]
    """Public keys, in hexadecimal digits."""

    known: dict[str, Known] = field(default_factory=dict)
    """By chain: what the database knows."""

    def verify(self, folder: Folder) -> Report:
        """Check one chain up to its first fault."""
        report = Report(folder.path)
        files = folder.files()
        try:
            for file in files:
                is_last = file == files[-1]
                self._check_file(report, file, is_open=is_last and is_held(folder.path))
            if files:
                self._check_ends(report, files)
        except FaultError as found:
            report.fault = found.fault
        return report

    def _check_file(self, report: Report, file: File, *, is_open: bool) -> None:
        *lines, rest = file.path.read_bytes().split(b"\n")
        if not report.chain:
            self._begin(report, file, lines)
        known = self.known.get(report.chain, {})
        count, head, lookups = report.count, report.head, 0
        for line in lines:
            hash_ = bound_hash(line, head)
            if hash_ is None:
                report.count = count
                raise _fault(file, lines, count)
            if is_checkpoint(event := event_in(line)):
                self._check_signature(report, file, event, at=(count, head))
            else:
                lookups += 1
            count, head = count + 1, hash_
            if count in known and known[count] != head:
                report.count = count
                raise _at(file, count, "is another one than the database knows")
        report.count, report.head = count, head
        report.lookups += lookups
        if (rest or not lines) and not is_open:
            raise _at(file, count + 1, "was cut short")

    def _begin(self, report: Report, file: File, lines: list[bytes]) -> None:
        """Take over from the first line of what is kept where the chain stands."""
        try:
            checkpoint, _ = read_checkpoint(event_in(lines[0]))
            report.head = bytes.fromhex(checkpoint.head)
        except (ValueError, IndexError):
            raise _at(file, file.first, "is not the first line of a file") from None
        report.chain, report.count = checkpoint.chain, checkpoint.count
        report.first = checkpoint.count + 1
        if report.first != file.first:
            raise _at(file, file.first, "is of another place in the chain")

    def _check_signature(
        self, report: Report, file: File, event: bytes, *, at: tuple[int, bytes]
    ) -> None:
        count, head = at
        if not is_signed_checkpoint(event, self.signers):
            raise _at(file, count + 1, "is signed by nobody who may")
        said, _ = read_checkpoint(event)
        if said != Checkpoint(said.at, report.chain, count, said.first, head.hex()):
            raise _at(file, count + 1, "signs another chain than this")
        report.signed, report.kept_from = count, said.first

    def _check_ends(self, report: Report, files: list[File]) -> None:
        if report.first > report.kept_from:
            missing = f"lines {report.kept_from} to {report.first - 1} are missing"
            raise _at(files[0], report.first, missing)
        last = max(self.known.get(report.chain, {}), default=0)
        if last > report.count:
            missing = f"lines {report.count + 1} to {last} were cut off"
            raise _at(files[-1], report.count + 1, missing)


def _at(file: File, number: int, what: str) -> FaultError:
    return FaultError(Fault(file.path, number - file.first + 1, what))


def _fault(file: File, lines: list[bytes], count: int) -> FaultError:
    """What happened to the line that does not fit, as far as it can be told."""
    wanted = count + 1
    index = wanted - file.first
    if not 0 <= index < len(lines):
        return _at(file, file.first, f"line {wanted} should be before it, and is not")
    found = number_of(event_in(lines[index]))
    if found is None:
        what = "is damaged"
    elif found == wanted:
        what = "was edited"
    elif found < wanted:
        what = f"is line {found} again"
    elif _is_among(islice(lines, index, index + LOOK_AHEAD), wanted):
        what = f"was swapped: line {wanted} stands further down"
    else:
        what = f"lines {wanted} to {found - 1} were deleted before it"
    return FaultError(Fault(file.path, index + 1, what))


def _is_among(lines: Iterable[bytes], number: int) -> bool:
    return any(number_of(event_in(line)) == number for line in lines)
