import contextlib

import pytest

from lookup import listeners
from lookup.listeners import PortTakenError, open_listeners
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


def _listening(port, *, count=1):
    return open_listeners("127.0.0.1", port, count=count, variable="TRACUU_HTTP_PORT")
