"""Every way an answer can fail, as HTTP says it: one row per code (RFC 9457).

A row names the status, what the caller can do and whether to ask again. The
insurer's result code on it says how the failure is counted.
"""

from dataclasses import dataclass

import orjson
from aiohttp import web

from lookup.codes import RESULTS, Outcome
from lookup.errors import InvalidRequestError, SourceUnavailableError, TracuuError
from lookup.notices import Text

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: how a failure looks from outside."""

    status: int
    title: Text
    action: Text
    result_code: str | None
    """Row of the result table it is counted under; None where nothing was asked."""

    retryable: bool = False
    retry_after_s: int | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How a lookup that ends like this is counted."""
        return RESULTS[self.result_code].outcome if self.result_code else None


_ADMIT_ANYWAY = Text(
    "Vẫn tiếp nhận người bệnh, ghi lại số định danh và tra cứu lại sau.",
    "Admit the patient anyway, note the number and look up again later.",
)

PROBLEMS: dict[str, Problem] = {
    "invalid_request": Problem(
        400,
        Text("Yêu cầu không hợp lệ", "The request is not valid"),
        Text(
            "Sửa các trường được nêu rồi gửi lại.",
            "Correct the named fields and send again.",
        ),
        "205",
    ),
    "not_authenticated": Problem(
        401,
        Text("Chưa xác thực", "The caller is not known"),
        Text(
            "Gửi khóa API còn hiệu lực trong Authorization: Bearer.",
            "Send a valid API key as Authorization: Bearer.",
        ),
        "401",
    ),
    "not_allowed": Problem(
        403,
        Text("Không được phép", "The key does not reach that far"),
        Text(
            "Đề nghị quản trị cấp thêm quyền cho khóa API.",
            "Ask the administrator for a key with the scope that is named.",
        ),
        "401",
    ),
    "officer_unknown": Problem(
        403,
        Text("Cán bộ chưa được đăng ký", "The officer is not on the client's list"),
        Text(
            "Đề nghị quản trị đăng ký cán bộ: tracuu clients officers.",
            "Have the officer entered: tracuu clients officers.",
        ),
        "054",
    ),
    "officer_name_differs": Problem(
        403,
        Text("Sai họ tên cán bộ", "The list has the officer under another name"),
        Text(
            "Kiểm tra họ tên và số CCCD của cán bộ.",
            "Check the officer's name and number.",
        ),
        "055",
    ),
    "route_unknown": Problem(
        404,
        Text("Không có địa chỉ này", "There is nothing at this address"),
        Text("Xem tài liệu tại /docs.", "Read the handbook at /docs."),
        None,
    ),
    "method_not_allowed": Problem(
        405,
        Text("Sai phương thức", "This address does not answer that method"),
        Text("Xem tài liệu tại /docs.", "Read the handbook at /docs."),
        None,
    ),
    "not_acceptable": Problem(
        406,
        Text("Không có dạng trả lời này", "The answer cannot be had in that form"),
        Text(
            "Gửi Accept: application/fhir+json.",
            "Send Accept: application/fhir+json.",
        ),
        None,
    ),
    "body_too_slow": Problem(
        408,
        Text("Gửi quá chậm", "The request took too long to arrive"),
        Text("Gửi lại.", "Send it again."),
        "205",
        retryable=True,
    ),
    "body_too_large": Problem(
        413,
        Text("Yêu cầu quá lớn", "The request is too large"),
        Text(
            "Gửi dưới 64 KiB; lô tra cứu dưới 1 MiB.",
            "Send less than 64 KiB; a batch, less than 1 MiB.",
        ),
        "205",
    ),
    "media_type_unsupported": Problem(
        415,
        Text("Sai định dạng", "The request is not JSON"),
        Text(
            "Gửi với Content-Type: application/json.",
            "Send it with Content-Type: application/json.",
        ),
        "205",
    ),
    "internal": Problem(
        500,
        Text("Lỗi hệ thống", "The service has failed"),
        _ADMIT_ANYWAY,
        "101",
        retryable=True,
    ),
    "source_unavailable": Problem(
        503,
        Text("Không đọc được dữ liệu", "No source could be asked"),
        _ADMIT_ANYWAY,
        "100",
        retryable=True,
        retry_after_s=1,
    ),
    "audit_unavailable": Problem(
        503,
        Text("Không ghi được nhật ký", "The lookup could not be written down"),
        _ADMIT_ANYWAY,
        "101",
        retryable=True,
        retry_after_s=1,
    ),
    "deadline_exceeded": Problem(
        503,
        Text("Quá thời gian", "There was no answer in time"),
        _ADMIT_ANYWAY,
        "100",
        retryable=True,
        retry_after_s=1,
    ),
}

GATEWAY_ONLY = frozenset({"officer_unknown", "officer_name_differs"})
"""Rows that only the insurer's protocol can end in."""


def problem_response(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> web.Response:
    """Print a row as a response; an error adds the fields it names."""
    problem = PROBLEMS[code]
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(_retry_after_s(problem, error))
    if problem.status == 401:  # noqa: PLR2004 - the one status that asks for a scheme
        headers["WWW-Authenticate"] = 'Bearer realm="tracuu"'
    return web.Response(
        status=problem.status,
        body=orjson.dumps(problem_document(code, request_id=request_id, error=error)),
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def problem_document(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> dict[str, object]:
    """Print a row as a document, without HTTP around it."""
    problem = PROBLEMS[code]
    faults = error.faults if isinstance(error, InvalidRequestError) else ()
    return {
        "type": f"urn:tracuu:problem:{code}",
        "title": problem.title.en,
        "title_vi": problem.title.vi,
        "status": problem.status,
        "detail": str(error) if error is not None else problem.action.en,
        "code": code,
        "action": {"vi": problem.action.vi, "en": problem.action.en},
        "retryable": problem.retryable,
        "errors": [{"pointer": f.pointer, "message": f.message} for f in faults],
        "request_id": request_id,
    }


def _retry_after_s(problem: Problem, error: TracuuError | None) -> int:
    if isinstance(error, SourceUnavailableError):
        return max(1, round(error.retry_after_s))
    return problem.retry_after_s or 1
