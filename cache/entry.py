"""What is stored under one key, its wire form, and which of two is the newer.

How it is sealed is ``cache.seal``; where it is stored, the stores.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from lookup.citizen_id import CitizenId, Identifier
from lookup.record import (
    CoverageRecord,
    Finding,
    HealthRecord,
    Private,
    Record,
    SourceName,
)


class UnreadableError(Exception):
    """A stored value is not what this service stored under this key."""


class Held(Private, frozen=True, tag="held", array_like=True):
    """A record, or with None the knowledge that there is nobody."""

    record: Record | None
    as_of: datetime


class Redirect(Private, frozen=True, tag="redirect", array_like=True):
    """An old, superseded or card number leads to this living citizen ID."""

    citizen_id: str
    as_of: datetime


Content = Held | Redirect


class Label(msgspec.Struct, frozen=True):
    """What may be read on the outside of a stored value, and is bound to it."""

    version: int
    """Of the record; 0 for nobody and for a redirect, which have none."""

    not_after_s: float
    """POSIX time from which it is never used again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A content with its label."""

    content: Content
    label: Label
    encoded_bytes: int
    """Size of the content on the wire."""

    near: Finding | None = field(init=False, compare=False)
    """The answer it gives from memory while fresh, made once; None for a redirect.

    Whoever gets it again knows by that that nothing has changed.
    """

    def __post_init__(self) -> None:
        near = None
        if isinstance(self.content, Held):
            near = self.finding("memory", is_stale=False)
        object.__setattr__(self, "near", near)

    def is_older_than(self, other: "Entry") -> bool:
        """By version where both have one, else by the time of knowing."""
        mine, theirs = self.label.version, other.label.version
        if mine and theirs and mine != theirs:
            return mine < theirs
        return self.content.as_of < other.content.as_of

    def finding(self, source: SourceName, *, is_stale: bool) -> Finding:
        """The answer it gives; a redirect gives none."""
        assert isinstance(self.content, Held)
        return Finding(
            record=self.content.record,
            as_of=self.content.as_of,
            version=self.label.version,
            source=source,
            is_stale=is_stale,
        )


_DECODER: msgspec.msgpack.Decoder[Content] = msgspec.msgpack.Decoder(Content)


def encode(content: Content) -> bytes:
    """Write a content in its wire form."""
    return msgspec.msgpack.encode(content)


def decode(plain: bytes) -> Content:
    """Read a content.

    Raises:
        UnreadableError: The bytes are no content of the present shape.
    """
    try:
        return _DECODER.decode(plain)
    except msgspec.DecodeError:
        raise UnreadableError("no content of ours") from None


def shape() -> bytes:
    """16 bytes that change with the shape of what is stored.

    They are part of every key. A release that knows one field more must not read what
    the release before it wrote: the field's default is not what the source says.
    """
    schema = msgspec.json.schema(Content)
    text = msgspec.json.encode(schema, order="sorted")
    return hashlib.blake2b(text, digest_size=16).digest()


def is_nobody(content: Content) -> bool:
    """Whether the content says that there is no such citizen."""
    return isinstance(content, Held) and content.record is None


def living_id(record: Record) -> CitizenId | None:
    """The living citizen ID a record is about, None when its source does not tell."""
    if isinstance(record, CoverageRecord):
        number = record.person.citizen_id
    else:
        number = record.citizen_id
    return None if number is None else CitizenId(number)


def bears(record: Record, identifier: Identifier) -> bool:
    """Whether a record still has the card that led to it, as far as it shows.

    A card may have been moved to another citizen since. Only the coverage facet shows
    cards, and no record shows old numbers; there the answer is yes.
    """
    if isinstance(record, HealthRecord):
        return True
    if identifier.kind == "card_number":
        return identifier.digits in {card.card_number for card in record.cards}
    if identifier.kind == "social_insurance_number":
        return identifier.digits in {
            card.social_insurance_number for card in record.cards
        }
    return True
