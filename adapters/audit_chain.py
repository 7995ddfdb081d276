"""The form of the audit on disk: a JSON object per line, each bound to all before it.

A line is ``{"event":EVENT,"hash":"HASH"}``. EVENT is JSON with sorted keys and without
spaces; HASH is SHA-256 over the 32 bytes of the hash before it and the bytes of EVENT.
An event is a lookup or a checkpoint, which says how many lines are before it and what
the last hash is, and is signed. The first line of a file is a checkpoint, too: it also
has what the lines of the file need to be read.

Source: Schneier and Kelsey, Secure Audit Logs to Support Computer Forensics (1999);
RFC 8032 for the signatures.
"""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import orjson

from adapters.audit_keys import AuditKeys, is_signed

VERSION = 1
"""Of the form of lines and events."""

_BEFORE = b'{"event":'
_BETWEEN = b',"hash":"'
_AFTER = b'"}'
_HASH_BYTES = 64
_TAIL_BYTES = len(_BETWEEN) + _HASH_BYTES + len(_AFTER)

_CHECKPOINT = b'{"checkpoint":'
"""How the event of a checkpoint begins; the keys of a lookup are sorted behind it."""


class Place(NamedTuple):
    """A place in a chain: after so many lines, with the hash of the last of them."""

    lines: int
    head: bytes


START = Place(0, bytes(32))


class ChainEnd(NamedTuple):
    """Where a chain goes on."""

    chain: str
    """The chain's name."""

    place: Place
    first: int
    """The first line that is kept."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: that a chain had so many lines and this hash then."""

    at: str
    chain: str
    count: int
    first: int
    """The first line that is kept; those before were shipped, grew old and went."""

    head: str
    """The hash of line ``count``, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What the lines of a file need to be read: said by its first line."""

    number_key: str | None
    """The key of the sealed numbers, sealed for the officer; None without one."""

    salt: str
    """From which comes the key of the numbers on their way to the worklist."""

    version: int
    worker: int


def canonical(event: Any) -> bytes:
    """The bytes of an event: JSON with sorted keys, without spaces.

    Raises:
        orjson.JSONEncodeError: It holds what JSON cannot.
    """
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)


def linked(head: bytes, event: bytes) -> bytes:
    """The hash that binds an event to all before it."""
    return hashlib.sha256(head + event).digest()


def line_of(event: bytes, hash_: bytes) -> bytes:
    """The line of an event, with its end."""
    return b"".join(
        (_BEFORE, event, _BETWEEN, hash_.hex().encode(), _AFTER, b"\n"),
    )


def bound_hash(line: bytes, head: bytes) -> bytes | None:
    """The hash of a line without its end, None unless it is bound to ``head``."""
    event = event_in(line)
    hash_ = hashlib.sha256(head + event)
    told = hash_.hexdigest().encode()
    bound = b'{"event":%b,"hash":"%b"}' % (event, told)
    return hash_.digest() if line == bound else None


def event_in(line: bytes) -> bytes:
    """The event of a line without its end; nonsense if it is no line of ours."""
    return line[len(_BEFORE) : -_TAIL_BYTES]


def is_whole(line: bytes) -> bool:
    """Whether a line without its end looks like one of ours."""
    return (
        len(line) > len(_BEFORE) + _TAIL_BYTES
        and line.startswith(_BEFORE)
        and line.endswith(_AFTER)
        and line[-_TAIL_BYTES : -_TAIL_BYTES + len(_BETWEEN)] == _BETWEEN
    )


def hash_in(line: bytes) -> bytes:
    """The hash a whole line says it has.

    Raises:
        ValueError: It is no hash.
    """
    return bytes.fromhex(line[-_HASH_BYTES - len(_AFTER) : -len(_AFTER)].decode())


def is_checkpoint(event: bytes) -> bool:
    """Whether an event is a checkpoint and no lookup."""
    return event.startswith(_CHECKPOINT)


def number_of(event: bytes) -> int | None:
    """Which line of its chain an event says it is; None if it is no event of ours."""
    try:
        told = orjson.loads(event)
        if "checkpoint" in told:
            return int(told["checkpoint"]["count"]) + 1
        return int(told["n"])
    except (ValueError, TypeError, KeyError):
        return None


def checkpoint_event(
    keys: AuditKeys, checkpoint: Checkpoint, segment: Segment | None = None
) -> bytes:
    """A signed checkpoint, of a file's first line with what its lines need."""
    told: dict[str, Any] = {"checkpoint": asdict(checkpoint), "signer": keys.signer}
    if segment is not None:
        told["segment"] = asdict(segment)
    return canonical(told | {"signature": keys.sign(canonical(told))})


def read_checkpoint(event: bytes) -> tuple[Checkpoint, Segment | None]:
    """What a checkpoint says, whoever signed it.

    Raises:
        ValueError: It is none.
    """
    try:
        told = orjson.loads(event)
        segment = told.get("segment")
        return Checkpoint(**told["checkpoint"]), segment and Segment(**segment)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("no checkpoint") from None


def is_signed_checkpoint(event: bytes, signers: Collection[str]) -> bool:
    """Whether one of the signers has signed this checkpoint."""
    told = orjson.loads(event)
    signature, signer = told.pop("signature", ""), told.get("signer")
    return signer in signers and is_signed(canonical(told), signature, signer)
