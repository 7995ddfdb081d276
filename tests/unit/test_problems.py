import orjson
import pytest

from lookup import errors
from lookup.codes import Outcome
from lookup.errors import (
    Fault,
    InvalidRequestError,
    SourceUnavailableError,
    TracuuError,
)
from lookup.web.problems import PROBLEMS, problem_response


def leaves(kind):
    children = kind.__subclasses__()
    return {kind} if not children else set().union(*map(leaves, children))


def test_every_error_has_exactly_one_row():
    codes = [leaf.code for leaf in leaves(TracuuError)]

    assert len(codes) == len(set(codes))
    assert set(codes) <= set(PROBLEMS)


def test_every_leaf_is_drawn_in_the_tree():
    assert all(leaf.__name__ in (errors.__doc__ or "") for leaf in leaves(TracuuError))


@pytest.mark.parametrize("code", PROBLEMS)
def test_whose_fault_it_is_agrees_with_how_it_is_counted(code):
    problem = PROBLEMS[code]

    if problem.outcome is None:
        assert problem.status in (404, 405, 406)
    else:
        is_ours = problem.status >= 500
        assert (problem.outcome is Outcome.UNAVAILABLE) == is_ours
        assert problem.retryable or not is_ours


def test_a_problem_names_the_fields_and_the_next_step():
    error = InvalidRequestError(Fault("/on", "is no date"), Fault("/qr", "is too long"))

    response = problem_response("invalid_request", request_id="r", error=error)

    document = orjson.loads(response.body)
    assert response.content_type == "application/problem+json"
    assert document["status"] == response.status == 400
    assert document["errors"] == [
        {"pointer": "/on", "message": "is no date"},
        {"pointer": "/qr", "message": "is too long"},
    ]
    assert document["action"]["vi"]


def test_a_source_that_is_down_says_when_to_come_back():
    error = SourceUnavailableError("down", retry_after_s=4.4)

    response = problem_response("source_unavailable", request_id="r", error=error)

    assert response.headers["Retry-After"] == "4"


def test_other_faults_of_ours_come_back_soon():
    response = problem_response("audit_unavailable", request_id="r")

    assert response.headers["Retry-After"] == "1"


def test_an_unknown_caller_is_told_the_scheme():
    response = problem_response("not_authenticated", request_id="r")

    assert response.headers["WWW-Authenticate"] == 'Bearer realm="tracuu"'
