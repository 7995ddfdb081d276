"""Which settings need each other; each one's type and range is checked elsewhere."""

from collections.abc import Iterable, Iterator, Mapping

FILES = ("clients_file", "audit_file")
"""What stands in for a database where the gateway is the only source."""

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
    without = [name for name in FILES if not given.get(name)]
    if given.get("database_url"):
        for name in FILES:
            if given.get(name):
                yield name, "goes without TRACUU_DATABASE_URL, and that is set"
    elif sources == "gateway" and len(without) < len(FILES):
        yield from ((name, MISSING) for name in without)
    elif sources == "gateway":
        instead = "or TRACUU_CLIENTS_FILE and TRACUU_AUDIT_FILE instead"
        yield "database_url", f"{MISSING}, {instead}"
    else:
        yield "database_url", MISSING
    if sources in WITH_GATEWAY:
        yield from ((name, MISSING) for name in of_gateway if not given.get(name))
