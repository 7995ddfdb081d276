"""Our service with three pieces taken out: authentication, audit and metrics.

It is composed by the code that composes the service; the pieces are put in place of
the real ones from outside, so that the product has no switch for them. The difference
to the whole service is what the three cost. ``python -m loadtests.bench.plain`` takes
the settings of ``tracuu serve``; with the arguments of a worker it is a worker.
"""

import asyncio
import dataclasses
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cache.tiers import Tiers
from lookup import app, ports, worker
from lookup.events import open_events
from lookup.metrics import Metrics, attach_metrics
from lookup.metrics_page import Build
from lookup.parts import Parts
from lookup.public_keys import PublicKey
from lookup.scopes import Scope
from lookup.settings import Settings
from lookup.standing import Standing, open_standing
from lookup.supervisor import Handover, supervise, worker_command

KEPT = "worker_serving"
"""The one metric that is still told: the parent waits for it."""


@dataclass(frozen=True, slots=True)
class Anybody:
    """The one client that everybody is."""

    client_id: str = "anybody"
    scopes: frozenset[Scope] = frozenset(Scope) - {Scope.RESTRICTED}
    deadline_s: float | None = None
    public_keys: Mapping[str, PublicKey] = field(default_factory=dict)


class Unasked:
    """A ``ClientDirectory`` that looks at no key."""

    _anybody = Anybody()

    def find(self, key: str, now: datetime) -> Anybody:
        """Whoever asks."""
        del key, now
        return self._anybody

    def named(self, client_id: str, now: datetime) -> Anybody:
        """Whoever is named."""
        del client_id, now
        return self._anybody


class Unwritten:
    """An ``AuditLog`` that keeps nothing."""

    async def record(self, entry: ports.AuditEntry) -> None:
        """Take it and drop it."""


def uncounted(metrics: Metrics) -> Metrics:
    """The same, of which every event but ``KEPT`` counts nothing from now on."""

    def nothing(*_: Any, **__: Any) -> None:
        """Count nothing."""

    for name in vars(Metrics):
        if not name.startswith("_") and name not in {KEPT, "in_memory", "read"}:
            setattr(metrics, name, nothing)
    return metrics


def _attach_uncounted(path: Path, number: int) -> Metrics:
    return uncounted(attach_metrics(path, number))


def _without(
    opened: Callable[..., AbstractAsyncContextManager[Standing]],
) -> Callable[..., AbstractAsyncContextManager[Standing]]:
    @asynccontextmanager
    async def open_plain(parts: Parts, cache: Tiers) -> AsyncIterator[Standing]:
        async with opened(parts, cache) as standing:
            yield dataclasses.replace(standing, audit=Unwritten(), directory=Unasked())

    return open_plain


def _command(handover: Handover) -> list[str]:
    """A worker as the service has it, but of this module."""
    return [
        "loadtests.bench.plain" if word == "lookup.worker" else word
        for word in worker_command(handover)
    ]


def main() -> None:
    """Serve; with arguments, be a worker of such a service."""
    if len(sys.argv) > 1:
        taken_out = (
            (app, "open_standing", _without(open_standing)),
            (worker, "attach_metrics", _attach_uncounted),
        )
        for module, name, instead in taken_out:
            setattr(module, name, instead)
        worker.main()
        return
    settings = Settings.read(os.environ)
    events = open_events(settings.log_level)
    build = Build(version="", revision="")
    asyncio.run(
        supervise(
            settings, environ=os.environ, events=events, build=build, command=_command
        )
    )


if __name__ == "__main__":
    main()
