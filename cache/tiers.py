"""The cache as ``RecordCache`` promises it: this worker's memory, then Redis.

A record is held under the living citizen ID; any other number that led to it holds a
redirect there. So a change, which names the living ID, reaches all of them. "Nobody" is
held under the number asked for: a new card whose number was asked for too early stays
unknown for as long as "nobody" is fresh, because no change names that number.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from cache.entry import (
    Content,
    Entry,
    Held,
    Label,
    Redirect,
    bears,
    encode,
    is_nobody,
    living_id,
)
from cache.floors import Floors
from cache.freshness import Freshness, Grade
from cache.key import Keys
from cache.memory_store import MemoryStore
from cache.redis_reads import Nothing
from cache.sealed_store import SealedStore
from lookup.citizen_id import CitizenId, Identifier
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.record import Facet, Finding

FLOOR_MIN_S = 600.0
"""A version once outdated is refused for at least so long, and for the fresh time: by
then, whatever a worker put that had not heard of the change, is stale."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What one secret hides and seals in Redis."""

    keys: Keys
    entries: SealedStore

    async def get(
        self, identifier: Identifier, facet: Facet
    ) -> Entry | Nothing | Literal["unreadable"]:
        """The entry of this facet of a number, or why there is none. Never raises."""
        return await self.entries.get(self.keys.of(identifier, facet))

    async def drop(self, identifier: Identifier, facet: Facet) -> None:
        """Have no such entry any more."""
        await self.entries.drop(self.keys.of(identifier, facet))


@dataclass(frozen=True, slots=True)
class Stores:
    """Where entries are, nearest first."""

    memory: MemoryStore
    shared: Shared
    others: tuple[Shared, ...] = ()
    """Of secrets that are being replaced: read where the shared one has nothing."""


_Source = Literal["memory", "redis"]


class _Found(NamedTuple):
    entry: Entry
    source: _Source
    is_stale: bool

    def finding(self) -> Finding:
        """The answer it gives; a redirect gives none."""
        if self.source == "memory" and not self.is_stale and self.entry.near:
            return self.entry.near
        return self.entry.finding(self.source, is_stale=self.is_stale)


class Tiers:
    """A ``RecordCache``. No lookup waits in it but for a read of Redis."""

    def __init__(
        self,
        stores: Stores,
        *,
        freshness: Freshness,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._memory = stores.memory
        self._shared = stores.shared
        self._others = stores.others
        self._keys = stores.shared.keys
        self._freshness = freshness
        self._clock = clock
        self._metrics = metrics
        life_s = max(FLOOR_MIN_S, freshness.fresh_s)
        self._floors = Floors(clock.monotonic, life_s=life_s)

    def near(self, identifier: Identifier, facet: Facet) -> Finding | None:
        """What memory gives at once, as ``RecordCache`` promises."""
        entry = self._memory.get(self._keys.of(identifier, facet))
        if entry is None or entry.near is None:
            return None
        now, near = self._clock.now(), entry.near
        is_young = self._freshness.is_young(
            near.as_of, is_nobody=near.record is None, now=now
        )
        if not is_young or now.timestamp() >= entry.label.not_after_s:
            return None
        self._metrics.cache_read("memory", facet, "hit")
        return near

    async def get(self, identifier: Identifier, facet: Facet) -> Finding | None:
        """What is remembered, as ``RecordCache`` promises.

        One read of Redis at most; two for a number that redirects. While a secret is
        replaced, one more for what is not there.
        """
        found = await self._find(identifier, facet)
        if found is None:
            return None
        if isinstance(found.entry.content, Held):
            return found.finding()
        target = await self._find(CitizenId(found.entry.content.citizen_id), facet)
        if target is None or not _is_meant(target.entry.content, identifier):
            return None
        return target._replace(is_stale=found.is_stale or target.is_stale).finding()

    async def put(self, identifier: Identifier, facet: Facet, finding: Finding) -> None:
        """Remember in both tiers, unless something newer is known."""
        living: Identifier = identifier
        if finding.record is not None:
            living = living_id(finding.record) or identifier
        held = Held(record=finding.record, as_of=finding.as_of)
        self._keep(self._keys.of(living, facet), held, version=finding.version)
        if living != identifier:
            redirect = Redirect(citizen_id=living.digits, as_of=finding.as_of)
            self._keep(self._keys.of(identifier, facet), redirect, version=0)

    async def forget(self, citizen_id: Identifier, facet: Facet, version: int) -> None:
        """Drop what is older in both tiers, and refuse it from now on."""
        key = self._keys.of(citizen_id, facet)
        self._floors.lift(key, version)
        held = self._memory.get(key)
        if held is not None and held.label.version < version:
            self._memory.drop(key)
        await self._shared.entries.drop(key)
        for other in self._others:
            await other.drop(citizen_id, facet)

    async def _find(self, identifier: Identifier, facet: Facet) -> _Found | None:
        key = self._keys.of(identifier, facet)
        near = self._in_memory(key)
        self._metrics.cache_read("memory", facet, _told(near))
        if near is not None and not near.is_stale:
            return near
        entry = await self._shared.entries.get(key)
        for other in self._others:
            if entry == "miss":
                entry = await other.get(identifier, facet)
        if not isinstance(entry, Entry):
            self._metrics.cache_read("redis", facet, entry)
            return self._in_memory(key)  # what is there now, after the wait
        far = self._graded(entry, "redis")
        if far is not None and not self._remember(key, entry):
            far = None
        self._metrics.cache_read("redis", facet, _told(far))
        return far or self._in_memory(key)

    def _in_memory(self, key: bytes) -> _Found | None:
        entry = self._memory.get(key)
        return None if entry is None else self._graded(entry, "memory")

    def _graded(self, entry: Entry, source: _Source) -> _Found | None:
        """The entry with its grade, None when it is too old to be used."""
        now = self._clock.now()
        grade = self._freshness.grade(
            entry.content.as_of, is_nobody=is_nobody(entry.content), now=now
        )
        is_over = now.timestamp() >= entry.label.not_after_s
        if is_over or grade is Grade.TOO_OLD:
            return None
        return _Found(entry, source, grade is Grade.STALE)

    def _keep(self, key: bytes, content: Content, *, version: int) -> None:
        plain = encode(content)
        usable_s = self._freshness.usable_for_s(is_nobody=is_nobody(content))
        label = Label(version, content.as_of.timestamp() + usable_s)
        if self._remember(key, Entry(content, label, len(plain))):
            self._shared.entries.put(key, label, plain)

    def _remember(self, key: bytes, entry: Entry) -> bool:
        """Hold an entry in memory; False: something newer is known."""
        held = self._memory.get(key)
        is_older = held is not None and entry.is_older_than(held)
        if is_older or entry.label.version < self._floors.of(key):
            self._metrics.cache_written("memory", "refused")
            return False
        self._memory.put(key, entry)
        self._metrics.cache_written("memory", "stored")
        return True


def _is_meant(content: Content, identifier: Identifier) -> bool:
    """Whether this is what the redirect of a number was made for."""
    if isinstance(content, Redirect) or content.record is None:
        return False
    return bears(content.record, identifier)


def _told(found: _Found | None) -> Literal["hit", "stale", "miss"]:
    """How a read is counted."""
    if found is None:
        return "miss"
    return "stale" if found.is_stale else "hit"
