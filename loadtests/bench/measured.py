"""Starts what is measured: our service in several shapes, and what it is compared to.

Each is a process of its own on a free port of this machine, ended with the block.
"""

import base64
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loadtests.load.target import free_port
from lookup.settings import PREFIX, variable_of

START_S = 60.0
"""Longest wait for a server to begin."""

POLL_S = 0.05

STOP_S = 10.0
"""Longest wait for its end."""

FRESH_S = "7200"
"""Nothing that a run has warmed becomes stale before the run is over."""

_NGINX = """
worker_processes 1;
daemon off;
user nobody nogroup;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            default_type application/json;
            return 200 '{answer}';
        }}
    }}
}}
"""


class StartError(Exception):
    """A server did not begin; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A server under measurement."""

    port: int
    pid: int
    """The process from which all of its processes descend."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts servers whose logs and states stand in one folder."""

    folder: Path
    cache_key: str

    @classmethod
    def in_folder(cls, folder: Path) -> "Starter":
        """One with a cache key of its own, so that nothing kept before is read."""
        return cls(folder, base64.b64encode(secrets.token_bytes(32)).decode())

    @contextmanager
    def service(
        self, name: str, settings: Mapping[str, str], *, module: str = "lookup serve"
    ) -> Iterator[Measured]:
        """Our service, with these settings beside those of every shape.

        Raises:
            StartError: It ended instead, or took too long.
        """
        http_port, admin_port = free_port(), free_port()
        own = {
            "cache_key": self.cache_key,
            "http_port": str(http_port),
            "admin_port": str(admin_port),
            "state_dir": str(self.folder / f"{name}.state"),
            "fresh_s": FRESH_S,
            "nobody_fresh_s": FRESH_S,
            "workers": "1",
            "drain_s": "0",
            "log_level": "warning",
        }
        environ = {variable_of(key): text for key, text in {**own, **settings}.items()}
        command = [sys.executable, "-m", *module.split()]
        with self._running(name, command, environ) as process:
            self._wait(name, process, lambda: _serves(admin_port))
            yield Measured(http_port, process.pid)

    @contextmanager
    def other(
        self, name: str, command: Sequence[str], port: int, **environ: str
    ) -> Iterator[Measured]:
        """Any other server, once it answers whatever.

        Raises:
            StartError: It ended instead, or took too long.
        """
        with self._running(name, command, environ) as process:
            self._wait(name, process, lambda: _answers(port))
            yield Measured(port, process.pid)

    @contextmanager
    def bare(self, answer: bytes) -> Iterator[Measured]:
        """The ceiling of aiohttp."""
        file, port = self.folder / "answer.json", free_port()
        file.write_bytes(answer)
        command = [sys.executable, "-m", "loadtests.bench.bare", str(port), str(file)]
        with self.other("bare", command, port) as measured:
            yield measured

    @contextmanager
    def nginx(self, answer: bytes) -> Iterator[Measured]:
        """The ceiling of this machine."""
        home, port = self.folder / "nginx", free_port()
        home.mkdir()
        quoted = answer.decode().replace("\\", "\\\\").replace("'", "\\'")
        (home / "nginx.conf").write_text(_NGINX.format(port=port, answer=quoted))
        command = ["nginx", "-p", f"{home}/", "-c", "nginx.conf", "-e", "error.log"]
        with self.other("nginx", command, port) as measured:
            yield measured

    @contextmanager
    def _running(
        self, name: str, command: Sequence[str], environ: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[bytes]]:
        kept = {k: text for k, text in os.environ.items() if not k.startswith(PREFIX)}
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                command, env={**kept, **environ}, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        is_ready: Callable[[], bool],
    ) -> None:
        gives_up_s = time.monotonic() + START_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > gives_up_s:
                words = self._log(name).read_text(errors="replace")[-2000:]
                raise StartError(f"{name} does not begin. It said:\n{words}")
            time.sleep(POLL_S)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def _serves(admin_port: int) -> bool:
    """Whether every worker of ours answers."""
    url = f"http://127.0.0.1:{admin_port}/health/detail"
    with suppress(OSError), urllib.request.urlopen(url) as answer:
        workers = json.load(answer)["workers"]
        return bool(workers["serving"] == workers["configured"])
    return False


def _answers(port: int) -> bool:
    """Whether any answer comes; a port may be open before its server is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True
