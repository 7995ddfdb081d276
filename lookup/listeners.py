"""The sockets on which the service is asked: opened once, in the parent."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

BACKLOG = 1024
"""Connections that may wait to be taken, per socket."""


class PortTakenError(OSError):
    """Another process listens there; the message says which variable moves us."""

    def __init__(self, host: str, port: int, variable: str) -> None:
        super().__init__(
            errno.EADDRINUSE,
            f"port {port} on {host} is taken by another process: end it, or set "
            f"{variable} to a free port",
        )

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def open_listeners(
    host: str, port: int, *, count: int, variable: str
) -> Iterator[list[socket.socket]]:
    """Listen ``count`` times on one port; the kernel spreads connections over them.

    Raises:
        PortTakenError: Another process listens there.
    """
    _refuse_taken(host, port, variable)
    with ExitStack() as stack:
        yield [stack.enter_context(_listen(host, port)) for _ in range(count)]


def _refuse_taken(host: str, port: int, variable: str) -> None:
    """Try the port without sharing it.

    With sharing, a second service of the same user would get the port too, and the
    two would answer by turns.
    """
    try:
        _bound(host, port, is_shared=False).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port, variable) from None
        raise


def _listen(host: str, port: int) -> socket.socket:
    listener = _bound(host, port, is_shared=True)
    listener.listen(BACKLOG)
    return listener


def _bound(host: str, port: int, *, is_shared: bool) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(is_shared))
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
