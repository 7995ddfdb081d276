"""Entries in the memory of this worker, bounded in bytes, the least used out first."""

from cache.entry import Entry
from lookup.metrics import Metrics

BYTES_PER_ENCODED = 4
"""Memory that one encoded byte takes once it is an object, measured on records."""

BYTES_PER_ENTRY = 500
"""Memory of key, entry and places in dictionaries."""


class MemoryStore:
    """A dictionary that ends somewhere. Callers grade and compare what it gives."""

    def __init__(self, max_bytes: int, *, metrics: Metrics) -> None:
        """Hold at most so much; 0 holds nothing."""
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._entries: dict[bytes, Entry] = {}
        self._size_bytes = 0

    def get(self, key: bytes) -> Entry | None:
        """The entry, which now counts as just used."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._entries[key] = entry
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        """Hold the entry in place of any other of this key."""
        self._take_out(key)
        if _size(entry) <= self._max_bytes:
            self._entries[key] = entry
            self._size_bytes += _size(entry)
        while self._size_bytes > self._max_bytes:
            self._take_out(next(iter(self._entries)))
            self._metrics.cache_evicted(1)
        self._tell_size()

    def drop(self, key: bytes) -> None:
        """Hold nothing under this key any more."""
        self._take_out(key)
        self._tell_size()

    def _take_out(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size_bytes -= _size(entry)

    def _tell_size(self) -> None:
        self._metrics.cache_sized(
            entries=len(self._entries), size_bytes=self._size_bytes
        )


def _size(entry: Entry) -> int:
    return BYTES_PER_ENTRY + BYTES_PER_ENCODED * entry.encoded_bytes
