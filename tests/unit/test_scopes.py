from lookup.scopes import Scope, same_scopes


def test_equal_scopes_are_one_object():
    granted = frozenset({Scope.LOOKUP, Scope.HEALTH})

    first = same_scopes(granted & frozenset(Scope))
    second = same_scopes(frozenset({Scope.HEALTH}) | {Scope.LOOKUP})

    assert first == second == granted
    assert first is second
