"""The question as JSON: read into texts, everything odd about it named at once.

A batch is opened here, too: its lookups are read one by one, each on its own.
"""

import json
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from lookup.errors import Fault, InvalidRequestError
from lookup.request import LookupRequest, RequestFields, read_request

_ESCAPE = b"\\"
_QUOTE = b'"'

FIELD_NAME_MAX = 40
"""Longest field name that is named back, in characters; ours are far shorter."""

LOOKUPS_MAX = 1_000
"""Lookups in one batch."""

QUESTIONS_MAX = 4_096
"""Questions remembered, the least used out first; with their bodies some 3 MB."""

REMEMBERED_MAX_BYTES = 1_024
"""Longest body that is remembered."""

_FIELDS = msgspec.json.Decoder(RequestFields)
_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def read_question(body: bytes, today: date) -> LookupRequest:
    """Read the body of a lookup, and check every field.

    The same patient is asked for at the next counter with the same words, so a question
    once read is remembered: it follows from the words and the day alone.

    Args:
        body: As it was sent.
        today: This day at the desk.

    Raises:
        InvalidRequestError: See ``read_fields`` and ``lookup.request.read_request``.
    """
    if len(body) > REMEMBERED_MAX_BYTES:
        return read_request(read_fields(body), today=today)
    return _remembered(body, today)


@lru_cache(maxsize=QUESTIONS_MAX)
def _remembered(body: bytes, today: date) -> LookupRequest:
    return read_request(read_fields(body), today=today)


def read_fields(body: bytes) -> RequestFields:
    """Read the body of a lookup.

    Raises:
        InvalidRequestError: It is no JSON object, or has fields that are unknown,
            twice there or of the wrong type; all of them are named.
    """
    if (fields := _read_plainly(body)) is not None:
        return fields
    raw = read_object(body)
    try:
        return msgspec.convert(raw, RequestFields)
    except msgspec.ValidationError:
        raise InvalidRequestError(*_faults(raw)) from None


def _read_plainly(body: bytes) -> RequestFields | None:
    """The fields, if it takes no second look; None says nothing of what is wrong.

    Without a backslash every quotation mark opens or closes a text. If there are as
    many as the fields and texts that were found need, no field was there twice.
    """
    if _ESCAPE in body:
        return None
    try:
        fields = _FIELDS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    values = [getattr(fields, name) for name in RequestFields.__struct_fields__]
    texts = sum(2 for value in values if value is not None)
    if fields.include is not None:
        texts += len(fields.include) - 1
    return fields if body.count(_QUOTE) == 2 * texts else None


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object of any fields.

    Raises:
        InvalidRequestError: It is no JSON object, or has a field twice.
    """
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequestError(Fault("", "is not valid JSON")) from None
    if not isinstance(raw, dict):
        raise InvalidRequestError(Fault("", "must be a JSON object"))
    _refuse_twice(body, raw)
    return raw


def read_batch(body: bytes) -> list[bytes]:
    """Open a batch: an object whose one field, ``lookups``, is a list.

    Returns:
        Each lookup as it was sent, for ``read_fields``.

    Raises:
        InvalidRequestError: It is no such object, or has too many lookups or none.
    """
    try:
        envelope = _ENVELOPE.decode(body)
    except msgspec.ValidationError:
        raise InvalidRequestError(Fault("", "must be a JSON object")) from None
    except RecursionError:
        raise InvalidRequestError(Fault("", "is nested too deeply")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequestError(Fault("", "is not valid JSON")) from None
    if unknown := [_shown(name) for name in envelope if name != "lookups"]:
        faults = [Fault(pointer, "is not a field of a batch") for pointer in unknown]
        raise InvalidRequestError(*faults)
    inside = bytes(envelope.get("lookups", b"null"))
    # Names inside one lookup are for whoever reads that lookup.
    _refuse_twice(body.replace(inside, b"0", 1), dict(envelope))
    return _listed(inside)


def _listed(inside: bytes) -> list[bytes]:
    wanted = f"must be a list of 1 to {LOOKUPS_MAX:,} lookups"
    try:
        lookups = _LIST.decode(inside)
    except msgspec.ValidationError:
        raise InvalidRequestError(Fault("/lookups", wanted)) from None
    if not 1 <= len(lookups) <= LOOKUPS_MAX:
        raise InvalidRequestError(Fault("/lookups", f"{wanted}; not {len(lookups):,}"))
    return [bytes(lookup) for lookup in lookups]


def _refuse_twice(body: bytes, raw: dict[str, Any]) -> None:
    """Refuse a field that is there twice: two readers could take different ones.

    The parser keeps the last silently, so the text is looked at: cheaply first,
    thoroughly where a name occurs again or may be hidden behind an escape.
    """
    if _ESCAPE not in body and all(
        body.count(f'"{name}"'.encode()) == 1 for name in raw
    ):
        return
    seen: list[str] = []
    try:
        json.loads(
            body, object_pairs_hook=lambda pairs: seen.extend(n for n, _ in pairs)
        )
    except RecursionError:
        raise InvalidRequestError(Fault("", "is nested too deeply")) from None
    twice = sorted({_shown(name) for name in seen if seen.count(name) > 1})
    if twice:
        raise InvalidRequestError(*(Fault(p, "is there twice") for p in twice))


def _faults(raw: dict[str, Any]) -> list[Fault]:
    """Every field that is unknown or of the wrong type."""
    types = {f.name: f.type for f in msgspec.structs.fields(RequestFields)}
    faults = []
    for name, value in raw.items():
        if name not in types:
            faults.append(Fault(_shown(name), "is not a field of a lookup"))
            continue
        try:
            msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            faults.append(Fault(f"/{name}", _wanted(name)))
    return faults


def _wanted(name: str) -> str:
    return "must be a list of texts" if name == "include" else "must be a text"


def _shown(name: str) -> str:
    """Pointer to a field, unless its name may itself be somebody's data."""
    letters = name.replace("_", "")
    is_plain = letters.isascii() and letters.isalpha() and letters.islower()
    return f"/{name}" if is_plain and len(name) <= FIELD_NAME_MAX else ""
