"""The question as a person gives it to ``tracuu lookup``."""

import re
import sys
from typing import Any

import click
import orjson

from lookup.ask import AskError


def question_of(
    facts: dict[str, Any], *, code: str | None, health: bool
) -> dict[str, Any]:
    """The request: a sample of the demo, standard input, or answers to prompts."""
    if code is not None:
        samples = facts.get("samples", {})
        if not samples:
            raise AskError(
                "there are no samples here: start tracuu demo in this folder"
            )
        if code not in samples:
            raise AskError(f"no sample for {code}; known: {' '.join(samples)}")
        names = ("citizen_id", "full_name", "birth_date")
        body = {name: samples[code][name] for name in names}
    elif sys.stdin.isatty():
        body = _prompted()
    else:
        body = _read_body()
    extra = {"include": ["coverage", "health"], "purpose": "reception"}
    return body | extra if health else body


def _read_body() -> dict[str, Any]:
    try:
        body = orjson.loads(sys.stdin.buffer.read())
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise AskError(f"standard input is no JSON: {place}") from None
    if not isinstance(body, dict):
        raise AskError("standard input is no JSON object")
    return body


def _prompted() -> dict[str, Any]:
    number = click.prompt("Số định danh, số thẻ hoặc mã QR", type=str)
    if "|" in number:
        return {"qr": number}
    field = "citizen_id" if len(_bare(number)) in {9, 12} else "card_number"
    name = click.prompt("Họ và tên", default="", show_default=False)
    birth_date = click.prompt("Ngày sinh", default="", show_default=False)
    claim = {"full_name": name, "birth_date": birth_date}
    return {field: number} | {key: text for key, text in claim.items() if text}


def _bare(number: str) -> str:
    """A number without what people type between its digits."""
    return re.sub(r"[\s.-]", "", number)
