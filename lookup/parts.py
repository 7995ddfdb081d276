"""What everything in a worker shares: settings, clock, metrics, events."""

import base64
from dataclasses import dataclass

from adapters.postgres import BACKGROUND_TIMEOUT_S, Database
from adapters.vss_contract import Watch
from cache.freshness import Freshness
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What everything in a worker shares."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    events: Events

    @property
    def lookups(self) -> Database:
        """The population database for lookups, which wait for it."""
        return self._database(self.settings.database_timeout_s)

    @property
    def background(self) -> Database:
        """The same for all else, which nobody waits for."""
        return self._database(BACKGROUND_TIMEOUT_S)

    @property
    def watch(self) -> Watch:
        """By what a source tells the time and what happens."""
        return Watch(clock=self.clock, metrics=self.metrics, events=self.events)

    @property
    def secret(self) -> bytes:
        """The 32 bytes from which every key of the cache comes."""
        return base64.b64decode(self.settings.cache_key.get_secret_value())

    @property
    def freshness(self) -> Freshness:
        """How long what is remembered counts."""
        return Freshness(
            fresh_s=self.settings.fresh_s,
            usable_s=self.settings.usable_s,
            nobody_fresh_s=self.settings.nobody_fresh_s,
        )

    def _database(self, timeout_s: float) -> Database:
        return Database(self.settings.database_url.get_secret_value(), timeout_s)
