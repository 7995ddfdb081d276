import contextlib
import os

import pytest

from lookup import listeners
from lookup.listeners import (
    PortTakenError,
    TooManySocketsError,
    open_listeners,
    worker_listeners,
)
from tests.support.desk import SETTINGS
from tests.support.dummy_service import free_port


@pytest.mark.parametrize(
    ("is_guarded", "refusal"), [(True, PortTakenError), (False, None)]
)
def test_port_of_another_service_is_not_shared_with_it(
    is_guarded, refusal, monkeypatch
):
    port = free_port()
    if not is_guarded:
        monkeypatch.setattr(listeners, "_refuse_taken", lambda *_: None)

    with _listening(port):
        refused = (
            pytest.raises(refusal, match=f"{port} .* TRACUU_HTTP_PORT")
            if refusal
            else contextlib.nullcontext()
        )
        with refused, _listening(port):
            pass


def test_every_listener_has_the_same_port():
    port = free_port()

    with _listening(port, count=3) as opened:
        assert {listener.getsockname()[1] for listener in opened} == {port}


def test_address_of_another_machine_is_no_taken_port():
    with (
        pytest.raises(OSError, match="assign") as refused,
        open_listeners("192.0.2.1", 80, count=1, variable="TRACUU_HTTP_PORT"),
    ):
        pass

    assert not isinstance(refused.value, PortTakenError)


@pytest.fixture
def held(monkeypatch):
    """Two sockets that are held open for this process, from a number on."""
    monkeypatch.setattr(listeners, "FIRST_FD", 300)
    with _listening(free_port(), count=2) as opened:
        for place, listener in enumerate(opened):
            os.dup2(listener.fileno(), 300 + place)
        yield {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}


def _settings(**deviations):
    return SETTINGS.model_copy(update={"http_port": free_port(), **deviations})


def test_sockets_that_are_held_open_are_shared_by_the_workers(held):
    settings = _settings(workers=3)

    with worker_listeners(settings, held) as shared:
        ports = [listener.getsockname()[1] for listener in shared.sockets]
        numbers = {listener.fileno() for listener in shared.sockets}

    assert shared.are_held
    assert len(ports) == len(numbers) == 3
    assert len(set(ports)) == 1
    assert settings.http_port not in ports


@pytest.mark.parametrize("environ", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "2"}])
def test_sockets_for_another_process_are_not_ours(environ):
    settings = _settings()

    with worker_listeners(settings, environ) as own:
        ports = {listener.getsockname()[1] for listener in own.sockets}

    assert not own.are_held
    assert ports == {settings.http_port}


def test_more_sockets_than_workers_would_leave_connections_waiting(held):
    with (
        pytest.raises(TooManySocketsError, match=r"2 sockets .* 1 workers"),
        worker_listeners(_settings(workers=1), held),
    ):
        pass


def _listening(port, *, count=1):
    return open_listeners("127.0.0.1", port, count=count, variable="TRACUU_HTTP_PORT")
