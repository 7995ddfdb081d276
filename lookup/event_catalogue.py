"""Every event the log may hold: how loud, with which fields, and what to do then.

The handbook's page on logs is printed from these rows.
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]

_ERROR = ("error", "cause", "location")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of the list: how loud, with which fields, and what to do about it."""

    level: Level
    fields: tuple[str, ...]
    action: str


EVENTS: dict[str, EventRow] = {
    "process.started": EventRow(
        "info", ("version", "workers", "port", "admin_port"), "Nothing."
    ),
    "process.stopping": EventRow(
        "info", ("signal",), "Nothing: a stop was asked for; it drains first."
    ),
    "worker.started": EventRow("info", ("worker", "pid"), "Nothing."),
    "worker.drained": EventRow("info", ("worker", "pid"), "Nothing."),
    "worker.died": EventRow(
        "error",
        ("worker", "pid", "exit_code"),
        "A code below 0 is a signal: -9 is mostly the kernel's memory limit. It is "
        "started again by itself; look at the lines before this one.",
    ),
    "worker.restarted": EventRow(
        "warning",
        ("worker", "deaths", "delay_s"),
        "If deaths in a row grow, the worker cannot start: run tracuu doctor.",
    ),
    "request.failed": EventRow(
        "error",
        ("request_id", *_ERROR),
        "A defect of ours: report error and location.",
    ),
    "caller.refused": EventRow(
        "warning",
        ("request_id", "code", "address"),
        "One now and then is a key that has ended. Many from one address, or held_back "
        "far above 10, is somebody who tries keys: close the address at the proxy.",
    ),
    "source.unavailable": EventRow(
        "warning", ("source", *_ERROR), "Look at the source's own state."
    ),
    "source.recovered": EventRow("info", ("source",), "Nothing."),
    "gateway.refused": EventRow(
        "error",
        ("code",),
        "The gateway does not let us ask: look at TRACUU_GATEWAY_USERNAME and the "
        "settings after it, at the account's rights and registered addresses, and at "
        "the list of officers (054, 055).",
    ),
    "gateway.contract_changed": EventRow(
        "warning",
        ("change", "field"),
        "The gateway answers otherwise than its annex says: read its latest notice.",
    ),
    "breaker.opened": EventRow(
        "warning", ("target",), "The target failed in a row; answers come stale."
    ),
    "breaker.closed": EventRow("info", ("target",), "Nothing."),
    "cache.unreadable": EventRow(
        "warning",
        ("tier",),
        "An entry did not open: do all workers have the same TRACUU_CACHE_KEY?",
    ),
    "redis.unreachable": EventRow(
        "warning", _ERROR, "Look at Redis; lookups go on, slower."
    ),
    "redis.recovered": EventRow("info", (), "Nothing."),
    "changes.listener_lost": EventRow(
        "warning", _ERROR, "Look at PostgreSQL; changes are caught up afterwards."
    ),
    "changes.listener_restored": EventRow("info", (), "Nothing."),
    "changes.replayed": EventRow("info", ("changes",), "Nothing."),
    "audit.failed": EventRow(
        "error",
        ("entries", *_ERROR),
        "Lookups are refused while the audit cannot be written: is there room on the "
        "disk of TRACUU_AUDIT_DIR, and may the service write there?",
    ),
    "audit.degraded": EventRow(
        "error",
        (),
        "Coverage is answered before it is written down, as TRACUU_AUDIT_DEGRADED_S "
        "allows. Mend the disk before that time is over.",
    ),
    "audit.recovered": EventRow("info", ("entries",), "Nothing."),
    "audit.unshipped": EventRow(
        "warning",
        _ERROR,
        "Lookups are safe on disk and are carried into PostgreSQL later: look there. "
        "With AuditCutError the file does not fit the database: run tracuu audit "
        "verify, move the folder it names away, and restart.",
    ),
    "audit.signed": EventRow(
        "info",
        ("chain", "count", "head"),
        "Nothing. Kept elsewhere, it shows whether the audit was cut afterwards.",
    ),
    "clients.refreshed": EventRow("info", ("clients",), "Nothing."),
    "clients.refresh_failed": EventRow(
        "warning", _ERROR, "Known keys still open; new and revoked ones wait."
    ),
    "clients.file_refused": EventRow(
        "error",
        ("fault",),
        "Correct TRACUU_CLIENTS_FILE where the fault says; known keys still open.",
    ),
    "library.warned": EventRow(
        "warning",
        ("logger", "severity", *_ERROR),
        "See the library's code at that location; its text is not shown because it "
        "may repeat a request.",
    ),
    "loop.lagged": EventRow(
        "warning", ("lag_s",), "The process was kept from working: look at the CPU."
    ),
}
"""Every event by its name."""
