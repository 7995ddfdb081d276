"""Notices when the gateway no longer answers as its annex says.

It has happened without notice: the visits of 2018 are null in every answer since 2025.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lookup.events import Events
from lookup.metrics import ContractChange, Metrics
from lookup.ports import Clock

EMPTY_MAX = 50
"""A field that is empty in so many answers in a row is taken for dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """By what the gateway's source tells the time and what happens."""

    clock: Clock
    metrics: Metrics
    events: Events


class Contract:
    """Counts and tells every departure; changes no answer."""

    def __init__(self, *, metrics: Metrics, events: Events) -> None:
        self._metrics = metrics
        self._events = events
        self._empty: Counter[str] = Counter()

    def breached(self, change: ContractChange, field: str) -> None:
        """An answer departed in this field of the annex."""
        self._metrics.gateway_changed(change)
        self._events.gateway_contract_changed(change, field)

    def answered(self, fields: Mapping[str, object]) -> None:
        """Take note of fields that are filled as a rule.

        One that is empty ``EMPTY_MAX`` times in a row is told of, once.
        """
        for field, value in fields.items():
            if value:
                del self._empty[field]
                continue
            self._empty[field] += 1
            if self._empty[field] == EMPTY_MAX:
                self.breached("field_empty", field)
