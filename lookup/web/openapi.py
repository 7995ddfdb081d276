"""The contract as OpenAPI 3.1, built from wire types, problems and result table."""

from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
import orjson
from aiohttp import web

from lookup.codes import COUNTS_AS, RESULTS
from lookup.record import Facet
from lookup.request import Purpose, RequestFields
from lookup.web.batch import MEDIA_TYPE as NDJSON
from lookup.web.fields import LOOKUPS_MAX
from lookup.web.problems import GATEWAY_ONLY, MEDIA_TYPE, PROBLEMS
from lookup.web.wire import LookupOut

Schema = dict[str, Any]

_EXAMPLE = {
    "citizen_id": "068180123456",
    "full_name": "Nguyễn Thị Lan",
    "birth_date": "05/03/1980",
}


class FaultOut(msgspec.Struct):
    """One field that is wrong, and why; its value is never repeated."""

    pointer: str
    message: str


class ActionOut(msgspec.Struct):
    """What the caller can do."""

    vi: str
    en: str


class ProblemOut(msgspec.Struct):
    """Why there was no answer (RFC 9457)."""

    type: str
    title: str
    title_vi: str
    status: int
    detail: str
    code: str
    action: ActionOut
    retryable: bool
    errors: list[FaultOut]
    request_id: str


def service_version() -> str:
    """The installed version, ``0+checkout`` when run from a checkout."""
    try:
        return version("tracuu")
    except PackageNotFoundError:
        return "0+checkout"


def openapi_document() -> Schema:
    """The whole document."""
    _, schemas = msgspec.json.schema_components(
        [LookupOut, ProblemOut, RequestFields],
        ref_template="#/components/schemas/{name}",
    )
    schemas["LookupRequest"] = _request_schema(schemas.pop("RequestFields"))
    schemas["LookupBatch"] = _batch_schema()
    schemas["BatchLine"] = _line_schema()
    schemas["LookupOut"]["properties"]["result"]["description"] = _result_table()
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/"}],
        "security": [{"api_key": []}],
        "paths": {
            "/v1/lookups": {"post": _lookup_operation()},
            "/v1/lookups/batch": {"post": _batch_operation()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer"}},
            "responses": {
                code: _problem_response(code)
                for code, problem in PROBLEMS.items()
                if problem.result_code and code not in GATEWAY_ONLY
            },
        },
    }


def openapi_response() -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the document, written once."""
    body = orjson.dumps(openapi_document())

    async def get(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return get


def _info() -> Schema:
    return {
        "title": "Tracuu",
        "version": service_version(),
        "summary": "Health insurance and health summary by citizen ID.",
        "description": (
            "Ask with a citizen ID and what the person says of themselves. A 200 is an "
            "answer, also when it is a no; 4xx is yours to correct, 5xx is ours. "
            "Numbers of persons are never part of an address."
        ),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _lookup_operation() -> Schema:
    body = {"schema": {"$ref": "#/components/schemas/LookupRequest"}}
    answer = {"schema": {"$ref": "#/components/schemas/LookupOut"}}
    return {
        "operationId": "look_up",
        "tags": ["lookups"],
        "summary": "Look one person up",
        "parameters": [_header("X-Request-Id"), _header("If-None-Match")],
        "requestBody": {
            "required": True,
            "content": {"application/json": body | {"example": _EXAMPLE}},
        },
        "responses": {
            "200": {
                "description": "An answer, yes or no.",
                "headers": {
                    name: {"schema": {"type": "string"}}
                    for name in ("ETag", "X-Request-Id", "Server-Timing")
                },
                "content": {"application/json": answer},
            },
            "304": {"description": "The answer is the one named in If-None-Match."},
            **_problem_responses(),
        },
    }


def _batch_operation() -> Schema:
    return {
        "operationId": "look_up_many",
        "summary": "Look many people up, and read each answer as it is finished",
        "description": (
            "Needs the scope `lookup:batch`. Answers are lines of JSON in the order "
            "in which they are finished; `index` counts the lookups of the request "
            "from 0. A lookup that is not valid is a problem on its line and costs "
            "no other. Lines that are missing at the end were not answered."
        ),
        "parameters": [_header("X-Request-Id")],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/LookupBatch"},
                    "example": {"lookups": [_EXAMPLE]},
                }
            },
        },
        "responses": {
            "200": {
                "description": "One line for each lookup.",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": {
                    NDJSON: {"schema": {"$ref": "#/components/schemas/BatchLine"}}
                },
            },
            **_problem_responses(),
        },
    }


def _batch_schema() -> Schema:
    one = {"$ref": "#/components/schemas/LookupRequest"}
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": LOOKUPS_MAX}
    return {
        "type": "object",
        "properties": {"lookups": several},
        "required": ["lookups"],
        "additionalProperties": False,
    }


def _line_schema() -> Schema:
    """One line of the answer to a batch."""
    return {
        "type": "object",
        "properties": {
            "index": {"type": "integer", "minimum": 0},
            "answer": {"$ref": "#/components/schemas/LookupOut"},
            "problem": {"$ref": "#/components/schemas/ProblemOut"},
        },
        "required": ["index"],
        "oneOf": [{"required": ["answer"]}, {"required": ["problem"]}],
    }


def _header(name: str) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
    }


def _problem_responses() -> Schema:
    """Problems by status; rows that share a status share a response."""
    by_status: dict[str, list[str]] = {}
    for code, problem in PROBLEMS.items():
        if problem.result_code and code not in GATEWAY_ONLY:
            by_status.setdefault(str(problem.status), []).append(code)
    return {
        status: {"$ref": f"#/components/responses/{codes[0]}"}
        if len(codes) == 1
        else _problem_response(*codes)
        for status, codes in by_status.items()
    }


def _problem_response(*codes: str) -> Schema:
    lines = [f"`{c}`: {PROBLEMS[c].title.en}. {PROBLEMS[c].action.en}" for c in codes]
    return {
        "description": "\n\n".join(lines),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
        },
    }


def _request_schema(fields: Schema) -> Schema:
    """The request as callers read it: one number, closed lists, no other field."""
    properties = {
        name: _required_text(schema) for name, schema in fields["properties"].items()
    }
    properties["purpose"] |= {"enum": [purpose.value for purpose in Purpose]}
    properties["include"]["items"] |= {"enum": [facet.value for facet in Facet]}
    return fields | {
        "properties": properties,
        "additionalProperties": False,
        "oneOf": [{"required": [n]} for n in ("citizen_id", "qr", "card_number")],
        "description": "Whom the desk asks about. Exactly one number is given.",
    }


def _required_text(schema: Schema) -> Schema:
    """A field as it is when sent: null is the same as leaving it out, so not shown."""
    (sent,) = (kind for kind in schema["anyOf"] if kind["type"] != "null")
    return {"description": schema["description"], **sent}


def _result_table() -> str:
    rows = [
        f"| {row.code} | {row.outcome} | {COUNTS_AS[row.outcome]} "
        f"| {row.text_vi} | {row.text_en} |"
        for row in RESULTS.values()
    ]
    head = (
        "| code | outcome | counts as | text (vi) | text (en) |\n|---|---|---|---|---|"
    )
    return "\n".join([head, *rows])
