"""Where the numbers behind the metrics stand: a file that all processes map.

One slice per worker and one, the last, for the parent. Each slice has a single writer
and belongs to the worker's number, not to its process: a restarted worker counts on
where the dead one stopped, so no counter ever goes back. A number is an aligned
8-byte double; on x86-64 and arm64 it is stored and loaded in one piece, so a reader
never sees half of one.
"""

import hashlib
import mmap
import os
import struct
from pathlib import Path
from typing import TypeAlias

from lookup.metrics_catalogue import CATALOGUE, Across, Labels

Values: TypeAlias = "memoryview[float]"
"""One slice as doubles."""

_HEADER = struct.Struct("<8s32sQ16x")
_MAGIC = b"tracuu-1"
_DOUBLE_BYTES = 8


def _places() -> dict[str, dict[Labels, int]]:
    places: dict[str, dict[Labels, int]] = {}
    end = 0
    for row in CATALOGUE:
        places[row.name] = {
            labels: end + number * row.width for number, labels in enumerate(row.series)
        }
        end += row.width * len(row.series)
    return places


PLACES = _places()
"""By metric and label values: the first of a series' numbers in a slice."""

_ACROSS = {row.name: row.across for row in CATALOGUE}

SLICE_LENGTH = sum(row.width * len(row.series) for row in CATALOGUE)
_SLICE_BYTES = SLICE_LENGTH * _DOUBLE_BYTES

_GAUGES = tuple(
    place
    for row in CATALOGUE
    if row.kind == "gauge"
    for place in PLACES[row.name].values()
)


class LayoutError(RuntimeError):
    """The file was made by another version of this service."""


class MetricsStore:
    """The slices of all workers and of the parent."""

    def __init__(self, memory: mmap.mmap, slices: int) -> None:
        numbers = memoryview(memory)[_HEADER.size :].cast("d")
        self.slices = [
            numbers[n * SLICE_LENGTH : (n + 1) * SLICE_LENGTH] for n in range(slices)
        ]

    @property
    def workers(self) -> int:
        """How many workers there are room for."""
        return len(self.slices) - 1

    @property
    def parent(self) -> Values:
        """The slice the parent writes."""
        return self.slices[-1]

    def reset_gauges(self, number: int) -> None:
        """Forget what holds only while a worker lives; for its new or no process."""
        for place in _GAUGES:
            self.slices[number][place] = 0.0

    def read(self, place: int, across: Across = "sum") -> float:
        """One number over all slices; ``min`` and ``max`` leave out the parent's."""
        values = [values[place] for values in self.slices]
        if across == "min":
            return min(values[:-1], default=0.0)
        if across == "max":
            return max(values[:-1], default=0.0)
        return sum(values)

    def value(self, name: str, *labels: str) -> float:
        """What a counter or gauge of the catalogue stands at, over all slices."""
        return self.read(PLACES[name][labels], _ACROSS[name])


def memory_store() -> MetricsStore:
    """A store of one process that nobody scrapes: for commands and tests."""
    return MetricsStore(mmap.mmap(-1, _HEADER.size + 2 * _SLICE_BYTES), 2)


def create_store(path: Path, workers: int) -> MetricsStore:
    """Open the file, keeping its numbers if it fits this version and worker count."""
    slices = workers + 1
    if not _fits(path, slices):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(_header(slices) + bytes(slices * _SLICE_BYTES))
        fresh.replace(path)
    return _map(path, slices)


def attach_store(path: Path) -> MetricsStore:
    """Open the file the parent made.

    Raises:
        LayoutError: The parent runs another version; it must be restarted.
    """
    slices = (path.stat().st_size - _HEADER.size) // _SLICE_BYTES
    if not _fits(path, slices):
        raise LayoutError(f"{path} is of another version: restart the whole service")
    return _map(path, slices)


def _header(slices: int) -> bytes:
    layout = hashlib.sha256(repr(CATALOGUE).encode()).digest()
    return _HEADER.pack(_MAGIC, layout, slices)


def _fits(path: Path, slices: int) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
    size = path.stat().st_size
    return header == _header(slices) and size == _HEADER.size + slices * _SLICE_BYTES


def _map(path: Path, slices: int) -> MetricsStore:
    descriptor = os.open(path, os.O_RDWR)
    try:
        return MetricsStore(mmap.mmap(descriptor, 0), slices)
    finally:
        os.close(descriptor)
