"""The admin application: metrics and health, on a port of its own.

It answers from what the workers last wrote down; it never asks a source, so a probe
can neither load nor be failed by one.
"""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from lookup.metrics_page import Build, open_registry
from lookup.metrics_store import MetricsStore

_BREAKERS = ("closed", "half_open", "open")

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Health:
    """Whether the service takes lookups, and how its parts were last seen."""

    is_draining = False
    """A stop was asked for: clients should go elsewhere."""

    def __init__(self, store: MetricsStore, build: Build) -> None:
        self._store = store
        self._build = build
        self._started_s = time.monotonic()

    @property
    def status(self) -> str:
        """``ready``, ``draining``, or ``starting`` while no worker answers."""
        if self.is_draining:
            return "draining"
        is_served = self._store.value("tracuu_workers", "serving") > 0
        return "ready" if is_served else "starting"

    def detail(self) -> dict[str, object]:
        """All that a person on call wants to know first."""
        return {
            "status": self.status,
            "version": self._build.version,
            "revision": self._build.revision,
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "workers": {
                "configured": self._count("tracuu_workers", "configured"),
                "running": self._count("tracuu_workers", "running"),
                "serving": self._count("tracuu_workers", "serving"),
                "restarts": self._count("tracuu_worker_restarts_total"),
            },
            "breakers": {
                target: _BREAKERS[self._count("tracuu_breaker_state", target)]
                for target in ("population", "gateway", "redis")
            },
            "changes": {
                "is_heard": self._count("tracuu_listener_connected") == 1,
                "last_lag_s": self._store.value("tracuu_change_lag_last_seconds"),
            },
            "audit": {
                "queued": self._count("tracuu_audit_queue"),
                "lost": self._count("tracuu_audit_lost_total"),
            },
            "clients": self._count("tracuu_clients"),
            "lookups_in_flight": self._count("tracuu_lookups_in_flight"),
        }

    def _count(self, name: str, *labels: str) -> int:
        return int(self._store.value(name, *labels))


def metrics_page(store: MetricsStore, build: Build) -> Page:
    """The handler of ``/metrics``, in whichever format the scraper accepts."""
    return make_aiohttp_handler(open_registry(store, build))


def admin_app(page: Page, health: Health) -> web.Application:
    """The admin application; pure wiring."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        status = health.status
        return web.json_response(
            {"status": status}, status=200 if status == "ready" else 503
        )

    async def detail(_: web.Request) -> web.Response:
        return web.json_response(health.detail())

    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", page),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/health/detail", detail),
        ]
    )
    return app
