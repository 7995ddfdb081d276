"""What everything in a worker shares: settings, clock, metrics, events."""

from dataclasses import dataclass

from adapters.postgres import BACKGROUND_TIMEOUT_S, Database
from adapters.vss_contract import Watch
from cache.freshness import Freshness
from cache.key import subkey
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.setting_types import keys_in
from lookup.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What everything in a worker shares."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    events: Events
    worker: int = 0
    """Its number, from 0; one of a fleet does what need be done only once."""

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
    def secrets(self) -> list[bytes]:
        """The 32 bytes from which all keys come, then those that are only read with."""
        settings = self.settings
        return [
            key
            for setting in (settings.cache_key, settings.other_cache_keys)
            for key in keys_in(setting.get_secret_value())
        ]

    def subkeys(self, purpose: bytes) -> list[bytes]:
        """The keys for one purpose, in the same order."""
        return [subkey(secret, purpose) for secret in self.secrets]

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
