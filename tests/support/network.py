"""Keeps the tests on this machine."""

import ipaddress
import socket
from contextlib import contextmanager

import pytest


class OutsideNetworkError(RuntimeError):
    """A test tried to leave the machine."""


def is_inside(family, address):
    if family == socket.AF_UNIX:
        return True
    try:
        return address[0] == "localhost" or ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return False


@contextmanager
def only_this_machine():
    """Refuse every connection that is neither a unix socket nor loopback."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(connect):
    def connect_inside(connection, address):
        if not is_inside(connection.family, address):
            raise OutsideNetworkError(f"connection to {address!r}")
        return connect(connection, address)

    return connect_inside
