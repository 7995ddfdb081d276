"""The audit's files for tests: opened as a worker does, and read as a person does."""

import asyncio

import orjson

from adapters.audit_files import Folder, chain_folders, worker_folder
from adapters.audit_keys import AuditKeys
from adapters.audit_scribe import Identity
from adapters.audit_standing import AuditTerms, open_audit
from adapters.audit_verify import Verifier
from adapters.vss_contract import Watch
from lookup.clock import SystemClock
from lookup.events import Events
from lookup.metrics import Metrics
from tests.support.entries import an_entry

KEYS = AuditKeys(b"s" * 32)


def a_watch(**deviations):
    """Ears that hear nothing, unless told otherwise."""
    valid = {
        "clock": SystemClock(),
        "metrics": Metrics.in_memory(),
        "events": Events(lambda *_: None),
    }
    return Watch(**(valid | deviations))


def opened_audit(folder, *, worker=0, officer_key="", watch=None, **terms):
    """The audit of a worker in a folder."""
    return open_audit(
        AuditTerms(folder, **({"keep_days": 366.0} | terms)),
        Identity(worker, KEYS, officer_key),
        watch or a_watch(),
    )


async def record_all(audit, *request_ids):
    """Write down lookups that end at the same time."""
    await asyncio.gather(
        *(audit.record(an_entry(request_id=each)) for each in request_ids)
    )


def lines_in(folder):
    """Every line of every chain, as objects."""
    return [
        orjson.loads(line)
        for chain in chain_folders(folder)
        for file in chain.files()
        for line in file.lines()
    ]


def events_in(folder):
    """Every lookup in it."""
    events = (line["event"] for line in lines_in(folder))
    return [event for event in events if "checkpoint" not in event]


def ids_in(folder):
    """The request ids of these lookups."""
    return [event["request_id"] for event in events_in(folder)]


def fault_of(folder, *, worker=0, known=None):
    """What is wrong with a worker's chain; None if nothing is."""
    chain = Folder(worker_folder(folder, worker))
    return Verifier([KEYS.signer], known or {}).verify(chain).fault
