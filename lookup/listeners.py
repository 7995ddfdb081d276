"""The sockets on which the service is asked: opened once, in the parent.

Or before it: whoever starts the service may hold them open, as systemd does for a
socket unit. Then a restart refuses nobody, for who comes meanwhile waits in them.
"""

import errno
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lookup.settings import Settings, variable_of

BACKLOG = 1024
"""Connections that may wait to be taken, per socket."""

FIRST_FD = 3
"""Where descriptors begin that whoever starts a process leaves open for it.

Source: sd_listen_fds(3).
"""


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


class TooManySocketsError(OSError):
    """More sockets are held open for us than workers would take connections from."""

    def __init__(self, held: int, workers: int) -> None:
        super().__init__(
            errno.EMFILE,
            f"{held} sockets are held open for {workers} workers: let the socket unit "
            "listen once, or as often as TRACUU_WORKERS says",
        )


@dataclass(frozen=True, slots=True)
class Listeners:
    """One socket for each worker."""

    sockets: list[socket.socket]
    are_held: bool
    """Whoever started us holds them open, too."""


@contextmanager
def worker_listeners(
    settings: Settings, environ: Mapping[str, str]
) -> Iterator[Listeners]:
    """The sockets that are held open for us, shared by the workers, else our own.

    Raises:
        PortTakenError: Another process listens there.
        TooManySocketsError: More are held open than there are workers.
    """
    count = settings.workers
    with _held(environ) as held:
        if len(held) > count:
            raise TooManySocketsError(len(held), count)
        if held:
            with ExitStack() as stack:
                copies = (held[n % len(held)].dup() for n in range(count))
                yield Listeners([*map(stack.enter_context, copies)], are_held=True)
            return
    host, port = settings.http_host, settings.http_port
    variable = variable_of("http_port")
    with open_listeners(host, port, count=count, variable=variable) as sockets:
        yield Listeners(sockets, are_held=False)


@contextmanager
def admin_listener(settings: Settings) -> Iterator[socket.socket]:
    """The socket of metrics and health.

    Raises:
        PortTakenError: Another process listens there.
    """
    host, port = settings.admin_host, settings.admin_port
    variable = variable_of("admin_port")
    with open_listeners(host, port, count=1, variable=variable) as (admin,):
        yield admin


@contextmanager
def _held(environ: Mapping[str, str]) -> Iterator[list[socket.socket]]:
    """What is held open for this process; nothing mostly."""
    is_for_us = environ.get("LISTEN_PID") == str(os.getpid())
    count = int(environ.get("LISTEN_FDS", "0")) if is_for_us else 0
    with ExitStack() as stack:
        sockets = (socket.socket(fileno=FIRST_FD + place) for place in range(count))
        yield [*map(stack.enter_context, sockets)]


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
