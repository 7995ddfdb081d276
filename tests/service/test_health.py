import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from lookup.metrics import Metrics
from lookup.metrics_page import Build
from lookup.metrics_store import memory_store
from lookup.web.health import Health, admin_app, metrics_page

BUILD = Build("1.2.3", "abc")


@pytest.fixture
def store():
    return memory_store()


@pytest.fixture
def worker(store):
    return Metrics(store.slices[0])


@pytest.fixture
def health(store):
    return Health(store, BUILD)


@pytest.fixture
async def admin(store, health):
    app = admin_app(metrics_page(store, BUILD), health)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_is_live_whatever_happens(admin, health):
    health.is_draining = True

    answer = await admin.get("/health/live")

    assert (answer.status, await answer.json()) == (200, {"status": "live"})


@pytest.mark.parametrize(
    ("is_served", "is_draining", "status"),
    [
        (False, False, "starting"),
        (True, False, "ready"),
        (True, True, "draining"),
        (False, True, "draining"),
    ],
)
def test_says_whether_lookups_should_come(is_served, is_draining, status):
    store = memory_store()
    health = Health(store, BUILD)

    Metrics(store.slices[0]).worker_serving(serving=is_served)
    health.is_draining = is_draining

    assert health.status == status


async def test_is_not_ready_before_a_worker_answers(admin, worker):
    before = await admin.get("/health/ready")
    worker.worker_serving(serving=True)
    after = await admin.get("/health/ready")

    assert (before.status, await before.json()) == (503, {"status": "starting"})
    assert (after.status, await after.json()) == (200, {"status": "ready"})


async def test_detail_tells_how_each_part_was_last_seen(admin, worker, store):
    Metrics(store.parent).workers_counted(configured=1, running=1)
    Metrics(store.parent).worker_restarted()
    worker.worker_serving(serving=True)
    worker.breaker_moved("redis", "open")
    worker.listener_connected(connected=True)
    worker.change_applied("coverage", lag_s=0.25)
    worker.audit_queued(entries=7)
    worker.audit_lost(2)
    worker.clients_loaded(count=3)
    worker.lookup_started()

    detail = await (await admin.get("/health/detail")).json()

    assert detail.pop("uptime_s") >= 0
    assert detail == {
        "status": "ready",
        "version": "1.2.3",
        "revision": "abc",
        "workers": {"configured": 1, "running": 1, "serving": 1, "restarts": 1},
        "breakers": {"population": "closed", "gateway": "closed", "redis": "open"},
        "changes": {"is_heard": True, "last_lag_s": 0.25},
        "audit": {"queued": 7, "lost": 2},
        "clients": 3,
        "lookups_in_flight": 1,
    }


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "text/plain"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
    ],
)
async def test_metrics_come_in_the_format_that_is_asked_for(admin, accept, kind):
    answer = await admin.get("/metrics", headers={"Accept": accept})

    assert answer.status == 200
    assert answer.content_type == kind


async def test_metrics_hold_the_parents_process_too(admin):
    text = await (await admin.get("/metrics")).text()

    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"tracuu_lookups", "process_resident_memory_bytes"} <= names
