import pytest

from lookup.scopes import Scope
from lookup.smart_scopes import SUPPORTED, grant

BOTH = frozenset({Scope.LOOKUP, Scope.HEALTH})


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("system/Coverage.read", {Scope.LOOKUP}),
        ("system/Coverage.rs", {Scope.LOOKUP}),
        ("system/Coverage.*", {Scope.LOOKUP}),
        ("system/Patient.r", {Scope.LOOKUP}),
        ("system/CoverageEligibilityRequest.write", {Scope.LOOKUP}),
        ("system/CoverageEligibilityRequest.c", {Scope.LOOKUP}),
        ("system/DocumentReference.s", BOTH),
        ("system/Composition.read", BOTH),
        ("system/*.read", BOTH),
        ("system/*.cruds", BOTH),
        ("lookup:read", {Scope.LOOKUP}),
        ("health:read lookup:read", BOTH),
    ],
)
def test_smart_scopes_mean_ours(text, scopes):
    granted = grant(text, frozenset(Scope))

    assert granted.scopes == scopes
    assert granted.texts == tuple(text.split())


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "system/",
            "system/Coverage",
            "system/Coverage.",
            "system/Coverage.write",
        ),
        *("user/Coverage.read", "patient/Coverage.read", "system/Observation.read"),
        *("system/CoverageEligibilityRequest.read", "Coverage.read", "openid"),
    ],
)
def test_what_cannot_be_done_here_is_not_granted(text):
    assert grant(text, frozenset(Scope)).texts == ()


def test_a_client_gets_no_more_than_it_holds():
    wanted = "system/*.read system/Patient.read mismatch:detail system/Patient.read"

    granted = grant(wanted, frozenset({Scope.LOOKUP}))

    assert granted.texts == ("system/Patient.read",)
    assert granted.scopes == {Scope.LOOKUP}


@pytest.mark.parametrize("text", SUPPORTED)
def test_what_is_said_to_be_supported_is(text):
    assert grant(text, frozenset(Scope)).texts == (text,)
