"""Audit entries, valid by default, with one keyword per deviation."""

from lookup.ports import AuditEntry
from tests.support.builders import AS_OF, CITIZEN_ID, a_citizen_id


def an_entry(**deviations):
    valid = {
        "at": AS_OF,
        "request_id": "request-1",
        "client_id": "his-1",
        "channel": "api",
        "operator": "Trần Văn Bình, 017",
        "purpose": "reception",
        "facets": ("coverage", "health"),
        "identifier": a_citizen_id(),
        "citizen_id": CITIZEN_ID,
        "code": "000",
        "outcome": "active",
        "source": "population",
        "disclosed": True,
    }
    return AuditEntry(**(valid | deviations))
