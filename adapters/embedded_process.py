"""One private server as a process: whose account it has, what ends it, what it said."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 60.0
"""Longest wait for a server's first answer; recovery after a crash included."""

STOP_TIMEOUT_S = 30.0
"""Longest wait for an orderly end; PostgreSQL writes out its memory first."""

POLL_S = 0.01
"""Pause between two looks at a server that is starting."""

LOG_LINES_SHOWN = 10
"""How much of a failed server's log goes into the error, in lines."""

PR_SET_PDEATHSIG = 1
"""The kernel sends a signal when the parent is gone. Source: prctl(2)."""

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""All that a server sees of our environment: no ``PG…`` variable bends it."""


class EmbeddedServerError(RuntimeError):
    """A private server cannot run here; the message says what to do about it."""


class EmbeddedServersMissingError(EmbeddedServerError):
    """The servers' binaries are not installed or not made for this machine."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}\nInstall tracuu[demo] on Linux with glibc or on macOS, "
            "or name servers of your own: TRACUU_DATABASE_URL, TRACUU_REDIS_URL."
        )


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where one run keeps its sockets and logs; gone when the run ends."""

    base: Path
    """Ours; the servers' account may pass through. Short, as a socket's path must
    fit into 107 bytes. Source: unix(7)."""

    locks: tuple[int, ...]
    """Open locks that the servers inherit, so none is free while one still lives."""

    @property
    def private(self) -> Path:
        """The part that only the servers' account can enter."""
        return self.base / "run"


def wheel_folder(package: str) -> Path:
    """Where a wheel was unpacked, found without running any of its code.

    Raises:
        EmbeddedServersMissingError: It is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServersMissingError(f"The package {package} is not installed.")
    return Path(spec.origin).parent


def server_account() -> pwd.struct_passwd | None:
    """The account a server gets: nobody's if we are root, our own (None) if not.

    PostgreSQL refuses root, and its initdb wants an account with a name.
    """
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def make_private(folder: Path) -> Path:
    """Make a folder that only the servers' account can enter, unless it is there."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if account := server_account():
            os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def copy_for_everyone(source: Path, target: Path) -> None:
    """Copy a tree so that the servers' account can run what is in it."""
    unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
    shutil.copytree(source, target, ignore=unneeded)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)


class ServerProcess:
    """A process that ends when we do, however we end; start it in the main thread.

    Linux ends it with the *thread* that started it.
    """

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, locks: tuple[int, ...] = ()
    ) -> None:
        self._log = log
        with log.open("ab") as output, signals_held_back() as former:
            self._process = subprocess.Popen(  # noqa: S603 - commands of our own
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=ENVIRONMENT,
                # Ctrl-C must reach us alone: we end the servers, in order.
                start_new_session=True,
                pass_fds=locks,
                preexec_fn=_tie_to_parent(former),  # noqa: PLW1509 - nothing else can
                **_account_arguments(),
            )
        self._watcher = None
        if sys.platform != "linux":
            self._watcher = watch_over(self._process.pid)

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        return self._process.wait()

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait until the server answers.

        Raises:
            EmbeddedServerError: It ended instead, or took too long.
        """
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedServerError(f"A server did not start.\n{self.last_words}")
            time.sleep(POLL_S)

    @property
    def last_words(self) -> str:
        """The end of its log, headed by its name."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n  ".join([f"{self._log.stem} said:", *lines[-LOG_LINES_SHOWN:]])

    def stop(self) -> None:
        """End it in order, or by force after a while."""
        if self._watcher is not None:
            call_off(self._watcher)
        if self._process.poll() is None:
            # PostgreSQL's fast shutdown; Redis takes it like SIGTERM.
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def signals_held_back() -> Iterator[set[int]]:
    """Have what would end us wait until a process is started.

    Python drops what a handler raises while it forks, and we would run on.

    Yields:
        The signals that were held back before, for the new process, too.
    """
    former = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield former
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


@contextmanager
def running_process(
    command: Sequence[str | Path], *, log: Path, locks: tuple[int, ...] = ()
) -> Iterator[ServerProcess]:
    """Run a server inside the block."""
    process = ServerProcess(command, log=log, locks=locks)
    try:
        yield process
    finally:
        process.stop()


def succeeds(command: Sequence[str | Path], *, log: Path) -> bool:
    """Whether the servers' account can run this command, and it goes well."""
    try:
        with running_process(command, log=log) as process:
            return process.wait() == 0
    except OSError:
        return False


def watch_over(pid: int) -> subprocess.Popen[bytes]:
    """Have a shell interrupt a process once we are gone, where no kernel would.

    The end of the pipe is our end.
    """
    return subprocess.Popen(  # noqa: S603 - a command of our own
        ["/bin/sh", "-c", 'read _; kill -INT "$1"', "sh", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def call_off(watcher: subprocess.Popen[bytes]) -> None:
    """End a watcher before its process ends, whose number may be given away again."""
    watcher.kill()
    watcher.communicate()


def _account_arguments() -> dict[str, Any]:
    if account := server_account():
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return {}


def _tie_to_parent(held_back: set[int]) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    # Runs after the change of account, which would undo it.
    def tie() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, held_back)
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return tie
