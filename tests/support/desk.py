"""The whole HTTP service over fakes, and a desk that asks it in few words."""

import base64
from contextlib import asynccontextmanager
from types import SimpleNamespace

import orjson
from aiohttp.test_utils import TestClient, TestServer

from lookup.access_token import AccessTokens
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.scopes import Scope
from lookup.service import LookupService
from lookup.settings import Settings
from lookup.web.admission import Admission
from lookup.web.fhir.ids import Ids
from lookup.web.fhir.routes import fhir_beside
from lookup.web.lookups import Lookups
from lookup.web.middleware import Edge
from lookup.web.oauth import TokenEndpoint
from lookup.web.routes import build_app
from lookup.web.vss import Gateway
from lookup.web.vss_tokens import Tokens
from tests.support.clock import HandClock
from tests.support.fakes import FakeAssertionLog, FakeAudit, FakeSource
from tests.support.insurer import FakeGatewayDirectory, an_account

KEY = "tracuu_test"

BASE = "http://tracuu.example"
TOKEN_URL = f"{BASE}/oauth/token"

SETTINGS = Settings(
    database_url="postgresql://nowhere",
    redis_url="redis://nowhere",
    cache_key=base64.b64encode(bytes(32)).decode(),
    public_url=BASE,
)


class FakeDirectory:
    """Knows one client, whose scopes and public keys can be changed."""

    def __init__(self):
        self.scopes = frozenset(Scope)
        self.public_keys = {}
        self.deadline_s = None
        self.client_id = "benh-vien"

    def find(self, key, now):
        return self.named(self.client_id, now) if key == KEY else None

    def named(self, client_id, now):  # noqa: ARG002 - this client never expires
        if client_id != self.client_id:
            return None
        return SimpleNamespace(
            client_id=self.client_id,
            scopes=self.scopes,
            public_keys=self.public_keys,
            deadline_s=self.deadline_s,
        )


class Desk:
    """A service that listens, and everything around it within reach."""

    def __init__(self):
        self.clock = HandClock()
        self.source = FakeSource(self.clock)
        self.audit = FakeAudit()
        self.metrics = Metrics.in_memory()
        self.directory = FakeDirectory()
        self.gateway_directory = FakeGatewayDirectory(an_account())
        self.used = FakeAssertionLog()
        self.access_tokens = AccessTokens(b"a" * 32)
        self.log = []
        self.client = None

    def app(self):
        events = Events(lambda _, event, fields: self.log.append((event, fields)))
        lookups = Lookups(
            service=LookupService(
                self.source, self.audit, self.clock, self.metrics, deadline_s=1.0
            ),
            admission=Admission(self.directory, self.clock, self.access_tokens),
            clock=self.clock,
            etag_key=b"k" * 32,
        )
        gateway = Gateway(
            service=lookups.service,
            directory=self.gateway_directory,
            tokens=Tokens(b"t" * 32),
            clock=self.clock,
        )
        edge = Edge(self.clock, self.metrics, events)
        smart = TokenEndpoint(
            directory=self.directory,
            used=self.used,
            tokens=self.access_tokens,
            clock=self.clock,
            token_url=TOKEN_URL,
            edge=edge,
        )
        fhir = fhir_beside(lookups, SETTINGS, ids=Ids(b"i" * 32))
        return build_app(edge, lookups, gateway, fhir=fhir, smart=smart)

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
