"""The files of an audit chain: a folder per worker, whose number takes it over.

A file is named by its first line's number. Only the process that holds the folder's
lock appends to it, so two can never write one chain.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.audit_chain import (
    ChainEnd,
    Place,
    event_in,
    hash_in,
    is_checkpoint,
    is_whole,
    number_of,
    read_checkpoint,
)

LOCK_S = 15.0
"""Longest wait for the process before ours to let go: longer than it drains."""

_LOCK_POLL_S = 0.05

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class File:
    """One file of a chain."""

    path: Path

    @property
    def first(self) -> int:
        """The number of its first line."""
        return int(self.path.stem)

    @property
    def chain(self) -> str:
        """The name of its chain.

        Raises:
            ValueError: Its first line is none of ours.
        """
        return read_checkpoint(event_in(self.first_line()))[0].chain

    def first_line(self) -> bytes:
        """Its first line, without the end."""
        with self.path.open("rb") as file:
            return file.readline().removesuffix(b"\n")

    def lines(self, offset: int = 0, *, max_bytes: int = -1) -> list[bytes]:
        """Its whole lines from there on, without their ends."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(max_bytes).split(b"\n")[:-1]


class OpenFile:
    """A file that is appended to. It is made with the first append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self.size_bytes = 0
        """What is in it for good."""

    def append(self, content: bytes) -> None:
        """Add whole lines; once it returns they are on disk.

        Raises:
            OSError: They are not. The file is given up: another one must be begun.
        """
        try:
            self._add(self._opened(), content)
        except OSError:
            self._give_up()
            raise
        self.size_bytes += len(content)

    def close(self) -> None:
        """Append no more."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None

    def _add(self, fd: int, content: bytes) -> None:
        if os.fstat(fd).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "the audit was removed")
        if os.write(fd, content) < len(content):
            raise OSError(errno.ENOSPC, "lines were written in part")
        os.fdatasync(fd)
        if not self.size_bytes:
            _sync_folder(self._path.parent)

    def _opened(self) -> int:
        if self._fd is None:
            # Only its own folder is made again: where the one above is gone, a disk
            # may be, and what is written in its place would be lost when it is back.
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._fd = os.open(self._path, _FLAGS, 0o600)
        return self._fd

    def _give_up(self) -> None:
        """Leave nothing of what failed; the disk may refuse even that."""
        if self._fd is None:
            return
        with suppress(OSError):
            os.ftruncate(self._fd, self.size_bytes)
        if not self.size_bytes:
            self._path.unlink(missing_ok=True)
        self.close()


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one chain."""

    path: Path

    def files(self) -> list[File]:
        """In order of their lines."""
        found = (each for each in self.path.glob("*.jsonl") if each.stem.isdigit())
        return sorted(map(File, found), key=lambda file: file.first)

    def new_file(self, first: int) -> OpenFile:
        """A file that begins with this line; nothing is there yet."""
        return OpenFile(self.path / f"{first:015d}.jsonl")

    def recover(self) -> ChainEnd | None:
        """Cut off half a line of a killed process, and say where the chain goes on.

        Returns:
            The end of the chain, None when there is none yet.

        Raises:
            ValueError: The last whole line is none of ours.
            OSError: The files cannot be read or mended.
        """
        for file in reversed(self.files()):
            content = file.path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if not whole:
                file.path.unlink()
                continue
            if whole < len(content):
                os.truncate(file.path, whole)
            return _end(content[:whole].splitlines())
        return None

    def remove_if_older(self, before_s: float) -> None:
        """Remove the whole chain if nothing was written since (seconds since 1970)."""
        files = self.files()
        if any(file.path.stat().st_mtime >= before_s for file in files):
            return
        for file in files:
            file.path.unlink()
        (self.path / "lock").unlink(missing_ok=True)
        self.path.rmdir()

    def put_aside(self) -> None:
        """Move the files out of the way, as they are, to be looked at."""
        taken = len(list(self.path.parent.glob(f"{self.path.name}.bad*")))
        aside = self.path.with_name(f"{self.path.name}.bad{taken + 1}")
        aside.mkdir(mode=0o700)
        for file in self.files():
            file.path.rename(aside / file.path.name)


@asynccontextmanager
async def locked(folder: Path, *, wait_s: float = LOCK_S) -> AsyncIterator[None]:
    """Hold the folder for this process alone; it is made if it is not there.

    Raises:
        BlockingIOError: Another process holds it for all that time.
        OSError: It cannot be made or opened.
    """
    fd = _open_lock(folder)
    try:
        for _ in range(int(wait_s / _LOCK_POLL_S)):
            if _takes(fd):
                break
            await asyncio.sleep(_LOCK_POLL_S)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def is_held(folder: Path) -> bool:
    """Whether a process appends to this chain now."""
    try:
        fd = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _takes(fd)
    finally:
        os.close(fd)


def chain_folders(audit_dir: Path) -> Iterator[Folder]:
    """Every chain in the audit's folder, also those nobody appends to any more."""
    for path in sorted(audit_dir.glob("worker-*")):
        if path.is_dir():
            yield Folder(path)


def worker_folder(audit_dir: Path, worker: int) -> Path:
    """Where the worker of this number writes."""
    return audit_dir / f"worker-{worker}"


def _open_lock(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _takes(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Have the name of a new file on disk, too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _end(lines: list[bytes]) -> ChainEnd:
    count = number_of(event_in(lines[-1])) if is_whole(lines[-1]) else None
    if count is None:
        raise ValueError("the last line of the audit is none of ours")
    events = map(event_in, reversed(lines))
    last, _ = read_checkpoint(next(filter(is_checkpoint, events), b""))
    return ChainEnd(last.chain, Place(count, hash_in(lines[-1])), last.first)
