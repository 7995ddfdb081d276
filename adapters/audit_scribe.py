"""Turns audit entries into the lines of one chain, and remembers where it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.audit_chain import (
    START,
    VERSION,
    ChainEnd,
    Checkpoint,
    Place,
    Segment,
    canonical,
    checkpoint_event,
    line_of,
    linked,
)
from adapters.audit_keys import AuditKeys, NumberSeal, fresh_key, seal_for
from lookup.ports import AuditEntry

WORKLIST_OUTCOMES = frozenset({"not_found", "mismatch"})
"""What the office that corrects records has to look at."""

CHAIN_NAME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose chain it is, and with which keys it is written."""

    worker: int
    keys: AuditKeys
    officer_key: str
    """Public key of the data-protection officer, in base64; empty without one."""


class Scribe:
    """Writes lines for one chain. What failed to reach the disk is taken back."""

    def __init__(self, identity: Identity, end: ChainEnd | None) -> None:
        self._identity = identity
        name = fresh_key()[:CHAIN_NAME_BYTES].hex()
        self.chain, self.place, self.first = end or ChainEnd(name, START, 1)
        self.signed = self.place
        """The place last signed."""

        self.since_checkpoint = 0
        """Lookups since then."""

        self._numbers: NumberSeal | None = None
        self._worklist: NumberSeal | None = None

    def take_back(self, place: Place, since_checkpoint: int) -> None:
        """Go on from an earlier place; a new file must be begun there."""
        self.place, self.since_checkpoint = place, since_checkpoint

    def new_file(self, now: datetime) -> bytes:
        """The first line of a file, with new keys for what is sealed in it."""
        identity = self._identity
        key, salt = fresh_key(), fresh_key()
        self._worklist = NumberSeal(identity.keys.worklist_key(salt), self.chain)
        self._numbers = NumberSeal(key, self.chain) if identity.officer_key else None
        segment = Segment(
            number_key=seal_for(identity.officer_key, key) if self._numbers else None,
            salt=salt.hex(),
            version=VERSION,
            worker=identity.worker,
        )
        return self.checkpoint(now, segment)

    def checkpoint(self, now: datetime, segment: Segment | None = None) -> bytes:
        """A line that signs everything before it."""
        said = Checkpoint(
            at=now.isoformat(),
            chain=self.chain,
            count=self.place.lines,
            first=self.first,
            head=self.place.head.hex(),
        )
        self.signed, self.since_checkpoint = self.place, 0
        return self._line(checkpoint_event(self._identity.keys, said, segment))

    def lookup(self, entry: AuditEntry) -> bytes:
        """The line of a lookup.

        Raises:
            TypeError, ValueError: The entry holds what no line can.
        """
        line = self._line(canonical(self._event(entry, self.place.lines + 1)))
        self.since_checkpoint += 1
        return line

    def _line(self, event: bytes) -> bytes:
        count, head = self.place
        hash_ = linked(head, event)
        self.place = Place(count + 1, hash_)
        return line_of(event, hash_)

    def _event(self, entry: AuditEntry, number: int) -> dict[str, Any]:
        asked, citizen_hash = entry.identifier, self._about(entry)
        if asked is None or (asked.kind, asked.digits) == (
            "citizen_id",
            entry.citizen_id,
        ):
            asked_hash = citizen_hash if asked else None
        else:
            asked_hash = self._identity.keys.hash_of(asked.kind, asked.digits)
        event = {
            "age_s": entry.age_s,
            "asked_hash": asked_hash,
            "asked_kind": asked and asked.kind,
            "at": entry.at,
            "channel": entry.channel,
            "citizen_hash": citizen_hash,
            "client_id": entry.client_id,
            "code": entry.code,
            "disclosed": entry.disclosed,
            "facets": entry.facets,
            "facility": entry.facility,
            "n": number,
            "operator": _storable(entry.operator),
            "outcome": entry.outcome,
            "purpose": entry.purpose,
            "released": entry.released,
            "request_id": entry.request_id,
            "source": entry.source,
        }
        if asked and self._numbers:
            numbers = f"{asked.kind}|{asked.digits}|{entry.citizen_id or ''}"
            event["number_sealed"] = self._numbers.seal(number, numbers)
        if asked and self._worklist and entry.outcome in WORKLIST_OUTCOMES:
            event["worklist_sealed"] = self._worklist.seal(number, asked.digits)
        return event

    def _about(self, entry: AuditEntry) -> str | None:
        """Hash of the living number; where none was found, of the asked citizen ID."""
        asked = entry.identifier
        if entry.citizen_id is not None:
            return self._identity.keys.hash_of("citizen_id", entry.citizen_id)
        if asked is not None and asked.kind == "citizen_id":
            return self._identity.keys.hash_of(asked.kind, asked.digits)
        return None


def _storable(text: str | None) -> str | None:
    """What a person typed, without what PostgreSQL or UTF-8 cannot hold."""
    if text is None:
        return None
    return (
        text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        .encode(errors="replace")
        .decode()
    )
