"""What is written down of every lookup: one row of the audit log, two metrics."""

import time
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from loadtests.peers.answers import Judged
from loadtests.peers.tables import AuditEntry

CHANNEL = "peer"


class Ledger:
    """Writes lookups down and counts them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lookups = Counter(
            "peer_lookups",
            "Lookups answered.",
            ("outcome", "code", "source", "channel"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "peer_lookup_seconds",
            "Time to answer a lookup.",
            ("source", "channel"),
            registry=self.registry,
        )

    async def write(self, session: AsyncSession, judged: Judged) -> None:
        """Enter a lookup in the audit log; the answer waits for it."""
        request, record = judged.request, judged.record
        row = {
            "at": datetime.now(UTC),
            "request_id": judged.request_id,
            "client_id": judged.caller.client_id,
            "channel": CHANNEL,
            "operator": request.operator,
            "purpose": request.purpose,
            "facets": sorted(request.facets),
            "asked_kind": request.identifier.kind,
            "asked_number": request.identifier.digits,
            "citizen_id": record.person.citizen_id if record else None,
            "code": judged.eligibility.code,
            "outcome": judged.outcome,
            "source": judged.source,
            "disclosed": judged.eligibility.identity_fits,
        }
        await session.execute(insert(AuditEntry), row)
        await session.commit()

    def count(self, judged: Judged, *, started_s: float) -> None:
        """Count an answered lookup."""
        source = judged.source
        self._lookups.labels(
            outcome=judged.outcome,
            code=judged.eligibility.code,
            source=source,
            channel=CHANNEL,
        ).inc()
        duration_s = time.perf_counter() - started_s
        self._durations.labels(source=source, channel=CHANNEL).observe(duration_s)
