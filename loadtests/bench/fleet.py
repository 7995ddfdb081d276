"""The servers that rows name: how each is started, and why one cannot be."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from loadtests.bench.measured import Measured, Starter
from loadtests.bench.stores import Stores
from loadtests.load.target import free_port

NO_MEMORY = {"memory_max_bytes": "0"}

REDIS_NUMBERS = {"large": 1, "small": 2, "peer": 3, "peer-stripped": 3}
"""Which database of Redis a server has; the others share number 0."""

_SHAPES: Mapping[str, Mapping[str, str]] = {
    "service": {},
    "no-memory": NO_MEMORY,
    "two-workers": {"workers": "2"},
    "plain": {},
    "large": NO_MEMORY,
    "small": NO_MEMORY,
}
"""Our own service: the settings that tell one shape from another."""

_PEERS = {
    "peer": ("fastapi", "loadtests.peers.fastapi_peer"),
    "peer-stripped": ("fastapi", "loadtests.peers.fastapi_peer --bare"),
    "peer-fhir": ("fhirstarter", "loadtests.peers.fhir_peer"),
}
"""The package that a peer is made with, and its module."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Knows how to start every server over the same stores."""

    starter: Starter
    stores: Stores
    database_urls: Mapping[str, str]
    """``large`` for every server but ``small``."""

    def missing(self, server: str) -> str | None:
        """Why a server cannot be started here; None when it can."""
        if server == "nginx" and shutil.which("nginx") is None:
            return "nginx is not installed"
        if server in _PEERS and find_spec(_PEERS[server][0]) is None:
            return f"{_PEERS[server][0]} is not installed"
        return None

    @contextmanager
    def service(self) -> Iterator[Measured]:
        """Our service as it is, from which the others' answer is taken."""
        with self._ours("service") as measured:
            yield measured

    @contextmanager
    def others(
        self, servers: Iterable[str], answer: bytes
    ) -> Iterator[dict[str, Measured]]:
        """All that are named, each once, but ``service``.

        Args:
            servers: Their names; none that is missing.
            answer: What the servers return that make none.

        Raises:
            StartError: One does not begin.
        """
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(self._open(name, answer))
                for name in sorted(set(servers) - {"service"})
            }

    def redis_url(self, server: str) -> str:
        """The database of Redis that a server has."""
        return self.stores.redis_database(REDIS_NUMBERS.get(server, 0))

    def _open(self, server: str, answer: bytes) -> AbstractContextManager[Measured]:
        if server == "bare":
            return self.starter.bare(answer)
        if server == "nginx":
            return self.starter.nginx(answer)
        return self._peer(server) if server in _PEERS else self._ours(server)

    def _ours(self, server: str) -> AbstractContextManager[Measured]:
        settings = {
            "database_url": self._database_url(server),
            "redis_url": self.redis_url(server),
            **_SHAPES[server],
        }
        module = "loadtests.bench.plain" if server == "plain" else "lookup serve"
        return self.starter.service(server, settings, module=module)

    def _peer(self, server: str) -> AbstractContextManager[Measured]:
        port = free_port()
        module = _PEERS[server][1].split()
        return self.starter.other(
            server,
            [sys.executable, "-W", "ignore", "-m", *module, "--port", str(port)],
            port,
            TRACUU_DATABASE_URL=self._database_url(server),
            TRACUU_REDIS_URL=self.redis_url(server),
        )

    def _database_url(self, server: str) -> str:
        return self.database_urls["small" if server == "small" else "large"]
