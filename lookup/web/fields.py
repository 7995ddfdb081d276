"""The question as JSON: read into texts, everything odd about it named at once."""

import json
from typing import Any

import msgspec
import orjson

from lookup.errors import Fault, InvalidRequestError
from lookup.request import RequestFields

_ESCAPE = b"\\"

FIELD_NAME_MAX = 40
"""Longest field name that is named back, in characters; ours are far shorter."""


def read_fields(body: bytes) -> RequestFields:
    """Read the body of a lookup.

    Raises:
        InvalidRequestError: It is no JSON object, or has fields that are unknown,
            twice there or of the wrong type; all of them are named.
    """
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequestError(Fault("", "is not valid JSON")) from None
    if not isinstance(raw, dict):
        raise InvalidRequestError(Fault("", "must be a JSON object"))
    _refuse_twice(body, raw)
    try:
        return msgspec.convert(raw, RequestFields)
    except msgspec.ValidationError:
        raise InvalidRequestError(*_faults(raw)) from None


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
