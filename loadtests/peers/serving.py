"""Runs a peer under uvicorn: one worker, uvloop, httptools, no access log."""

import gc
import os
import socket
from typing import Any

import click
import uvicorn

COLLECT_AFTER = 50_000
"""New objects between two collections: a request makes hundreds, and none in a ring."""

BACKLOG = 2048


class Server(uvicorn.Server):
    """Says one line once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer; what lives by now is not looked at by collections again."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
        for each in sockets or ():
            host, port = each.getsockname()
            click.echo(f"listening on http://{host}:{port}")


def serve(app: Any, port: int, *, is_factory: bool = False) -> None:
    """Answer on a port of this machine until told to end.

    Args:
        app: The application; the place of a function that makes it, if a factory.
        port: 0 for any that is free.
        is_factory: Whether the application is to be made first.
    """
    config = uvicorn.Config(
        app,
        factory=is_factory,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level="warning",
    )
    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    Server(config).run([listener])


def variable(name: str) -> str:
    """A variable of the environment.

    Raises:
        click.UsageError: It is not set.
    """
    value = os.environ.get(name)
    if not value:
        raise click.UsageError(f"set {name}")
    return value
