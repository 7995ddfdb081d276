"""Which settings need each other; each one's type and range is checked elsewhere."""

from collections.abc import Iterable, Iterator, Mapping

RENAMED = {"TRACUU_AUDIT_FILE": "is no setting any more: TRACUU_AUDIT_DIR is a folder"}
"""Variables of earlier versions, and what to write instead."""

WITH_GATEWAY = {"gateway", "population,gateway"}

MISSING = "is missing"


def faults_together(
    given: Mapping[str, str], *, of_gateway: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """What is missing or contradicts: name of the setting, and the reason.

    Args:
        given: The settings as written, by name.
        of_gateway: Names of those that the gateway needs as a source.
    """
    sources = given.get("sources", "population")
    has_file = bool(given.get("clients_file"))
    if given.get("database_url"):
        if has_file:
            reason = "goes without TRACUU_DATABASE_URL, and that is set"
            yield "clients_file", reason
    elif sources != "gateway":
        yield "database_url", MISSING
    elif not has_file:
        yield "database_url", f"{MISSING}, or TRACUU_CLIENTS_FILE instead"
    if sources in WITH_GATEWAY:
        yield from ((name, MISSING) for name in of_gateway if not given.get(name))
