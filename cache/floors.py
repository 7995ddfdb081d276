"""Which versions are known to be outdated, for as long as an older one may turn up."""

from collections.abc import Callable

COUNT_MAX = 50_000
"""Changes remembered at most, about 10 MB; a mass change pushes out the oldest."""


class Floors:
    """Remembers for each key the least version that is still true."""

    def __init__(self, monotonic: Callable[[], float], *, life_s: float) -> None:
        self._monotonic = monotonic
        self._life_s = life_s
        self._floors: dict[bytes, tuple[int, float]] = {}

    def of(self, key: bytes) -> int:
        """The least version to accept; 0 when nothing is known."""
        version, ends_s = self._floors.get(key, (0, 0.0))
        return version if version and self._monotonic() < ends_s else 0

    def lift(self, key: bytes, version: int) -> None:
        """Accept nothing older from now on; a floor never sinks while it lasts."""
        version = max(version, self.of(key))
        self._floors.pop(key, None)
        self._floors[key] = version, self._monotonic() + self._life_s
        self._drop_ended()

    def _drop_ended(self) -> None:
        """Drop from the front; the dictionary is in order of ending."""
        now_s = self._monotonic()
        while len(self._floors) > COUNT_MAX or self._first_ends_s() <= now_s:
            del self._floors[next(iter(self._floors))]

    def _first_ends_s(self) -> float:
        _, ends_s = next(iter(self._floors.values()))
        return ends_s
