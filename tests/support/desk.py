"""The whole HTTP service over fakes, and a desk that asks it in few words."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import orjson
from aiohttp.test_utils import TestClient, TestServer

from lookup.events import Events
from lookup.metrics import Metrics
from lookup.scopes import Scope
from lookup.service import LookupService
from lookup.web.admission import Admission
from lookup.web.lookups import Lookups
from lookup.web.middleware import Edge
from lookup.web.routes import build_app
from tests.support.clock import HandClock
from tests.support.fakes import FakeAudit, FakeSource

KEY = "tracuu_test"


class FakeDirectory:
    """Knows one client, whose scopes can be changed."""

    def __init__(self):
        self.scopes = frozenset(Scope)

    def find(self, key, now):  # noqa: ARG002 - this client never expires
        if key != KEY:
            return None
        return SimpleNamespace(client_id="benh-vien", scopes=self.scopes)


class Desk:
    """A service that listens, and everything around it within reach."""

    def __init__(self):
        self.clock = HandClock()
        self.source = FakeSource(self.clock)
        self.audit = FakeAudit()
        self.metrics = Metrics.in_memory()
        self.directory = FakeDirectory()
        self.log = []
        self.client = None

    def app(self):
        events = Events(lambda _, event, fields: self.log.append((event, fields)))
        lookups = Lookups(
            service=LookupService(self.source, self.audit, self.clock, self.metrics),
            admission=Admission(self.directory, self.clock),
            clock=self.clock,
            deadline_s=1.0,
            etag_key=b"k" * 32,
        )
        return build_app(Edge(self.clock, self.metrics, events), lookups)

    async def ask(self, body=None, *, raw=None, key=KEY, **headers):
        """Send a lookup; ``raw`` sends bytes as they are."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        sent = {"Content-Type": "application/json", **named}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        data = orjson.dumps(body) if raw is None else raw
        response = await self.client.post("/v1/lookups", data=data, headers=sent)
        content = await response.read()
        return response, orjson.loads(content) if content else None


@asynccontextmanager
async def open_desk():
    """A desk whose service listens on this machine until the block ends."""
    desk = Desk()
    async with TestClient(TestServer(desk.app())) as client:
        desk.client = client
        yield desk
