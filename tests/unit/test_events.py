import io
import logging

import orjson
import pytest

from lookup.event_catalogue import EVENTS
from lookup.events import Events, open_events, take_library_logs

CITIZEN = "079012345678"
CARD = "DN4790123456789"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def written():
    return []


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def events(written, clock):
    def emit(level, event, fields):
        written.append((level, event, dict(fields)))

    return Events(emit, monotonic=lambda: clock[0])


def failure(text):
    """An error that another one caused."""
    error = ValueError(text)
    error.__cause__ = TimeoutError(text)
    return error


SAID = [
    (
        lambda e: e.process_started(version="1", workers=2, port=1, admin_port=2),
        "process.started",
    ),
    (lambda e: e.clients_file_refused("at line 1"), "clients.file_refused"),
    (lambda e: e.process_stopping("SIGTERM"), "process.stopping"),
    (lambda e: e.worker_started(0, 1), "worker.started"),
    (lambda e: e.worker_drained(0, 1), "worker.drained"),
    (lambda e: e.worker_died(0, 1, exit_code=-9), "worker.died"),
    (lambda e: e.worker_restarted(0, deaths=1, delay_s=0.0), "worker.restarted"),
    (lambda e: e.request_failed("id", failure("x")), "request.failed"),
    (
        lambda e: e.caller_refused("id", code="not_allowed", address="192.0.2.1"),
        "caller.refused",
    ),
    (lambda e: e.source_unavailable("population", failure("x")), "source.unavailable"),
    (lambda e: e.source_recovered("population"), "source.recovered"),
    (lambda e: e.gateway_refused("054"), "gateway.refused"),
    (
        lambda e: e.gateway_contract_changed("code_unknown", "maKetQua"),
        "gateway.contract_changed",
    ),
    (lambda e: e.breaker_opened("redis"), "breaker.opened"),
    (lambda e: e.breaker_closed("redis"), "breaker.closed"),
    (lambda e: e.cache_unreadable("redis"), "cache.unreadable"),
    (lambda e: e.redis_unreachable(failure("x")), "redis.unreachable"),
    (lambda e: e.redis_recovered(), "redis.recovered"),
    (lambda e: e.listener_lost(failure("x")), "changes.listener_lost"),
    (lambda e: e.listener_restored(), "changes.listener_restored"),
    (lambda e: e.changes_replayed(3), "changes.replayed"),
    (lambda e: e.audit_failed(3, failure("x")), "audit.failed"),
    (lambda e: e.audit_degraded(), "audit.degraded"),
    (lambda e: e.audit_recovered(3), "audit.recovered"),
    (lambda e: e.audit_unshipped(failure("x")), "audit.unshipped"),
    (lambda e: e.audit_signed("0a1b", count=3, head="f" * 64), "audit.signed"),
    (lambda e: e.clients_refreshed(3), "clients.refreshed"),
    (lambda e: e.clients_refresh_failed(failure("x")), "clients.refresh_failed"),
    (lambda e: e.loop_lagged(1.23456), "loop.lagged"),
    (lambda e: e.library_warned(record(failure("x"))), "library.warned"),
]


def record(error=None):
    return logging.LogRecord(
        "aiohttp.server",
        logging.ERROR,
        "web_protocol.py",
        7,
        "bad request: %s",
        (CITIZEN,),
        error and (type(error), error, error.__traceback__),
    )


@pytest.mark.parametrize("said", SAID)
def test_each_event_fills_all_its_fields(said, events, written):
    say, event = said

    say(events)

    ((level, name, fields),) = written
    assert name == event
    assert level == EVENTS[event].level
    assert tuple(sorted(fields)) == tuple(sorted(EVENTS[event].fields))


def test_every_row_has_an_event_and_advice():
    assert {event for _, event in SAID} == set(EVENTS)
    assert all(row.action[-1] in ".?" for row in EVENTS.values())


def test_error_is_told_by_class_and_place_never_by_text(events, written):
    try:
        open_events("no such level")
    except KeyError as error:
        error.args = (f"{CITIZEN} Nguyễn Văn A",)
        events.request_failed("7f", error)

    fields = written[0][2]
    assert fields["error"] == "KeyError"
    assert fields["location"].startswith("lookup.events:")
    assert CITIZEN not in str(written)
    assert "Nguyễn" not in str(written)


def test_error_from_elsewhere_names_its_cause(events, written):
    events.request_failed("7f", failure(CITIZEN))

    assert written[0][2] == {
        "request_id": "7f",
        "error": "ValueError",
        "cause": "TimeoutError",
        "location": "elsewhere",
    }


@pytest.mark.parametrize("number", [CITIZEN, CARD, "123456789"])
def test_number_of_a_citizen_is_hidden_wherever_it_comes_from(number, events, written):
    events.request_failed(f"x-{number}", ValueError())

    assert written[0][2]["request_id"] == "x-***"


def test_request_id_stays_readable(events, written):
    request_id = "01234567-89ab-4def-8123-456789abcdef"

    events.request_failed(request_id, ValueError())

    assert written[0][2]["request_id"] == request_id


def test_flood_is_held_back_and_counted(events, written, clock):
    for _ in range(25):
        events.cache_unreadable("redis")
    events.cache_unreadable("memory")
    clock[0] = 60.0
    events.cache_unreadable("redis")

    redis = [fields for _, _, fields in written if fields["tier"] == "redis"]
    assert len(redis) == 11
    assert redis[-1] == {"tier": "redis", "held_back": 15}
    assert len(written) == 12


def test_log_is_one_json_object_per_line():
    out = io.StringIO()

    open_events("info", stream=out, worker=3).breaker_opened("redis")

    line = orjson.loads(out.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "breaker.opened",
        "level": "warning",
        "target": "redis",
        "worker": 3,
    }


def test_terminal_gets_readable_lines():
    out = Terminal()

    open_events("info", stream=out).breaker_opened("redis")

    assert "breaker.opened" in out.getvalue()
    assert "{" not in out.getvalue()


def test_quiet_level_leaves_out_the_rest():
    out = io.StringIO()
    events = open_events("error", stream=out)

    events.breaker_opened("redis")
    events.request_failed("7f", ValueError())

    assert out.getvalue().count("\n") == 1


def test_log_that_nobody_reads_ends_nothing():
    class Closed(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    open_events("info", stream=Closed()).breaker_opened("redis")


def test_library_says_where_it_warned_never_what(events, written):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        take_library_logs(events)
        logging.getLogger("asyncpg.pool").warning("lost %s", CITIZEN)
        logging.getLogger("asyncpg.pool").info("nothing")
    finally:
        root.handlers[:], root.level = before

    ((level, event, fields),) = written
    assert (level, event) == ("warning", "library.warned")
    assert fields["logger"] == "asyncpg.pool"
    assert fields["severity"] == "warning"
    assert CITIZEN not in str(written)
