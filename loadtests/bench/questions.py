"""Who is asked about, and the requests of every dialect, whole as they go out."""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

import asyncpg
import orjson

from lookup.names import fold_name
from lookup.web.vss_fields import CARD_FUNCTIONS

LOOKUPS = "/v1/lookups"

_IN_FORCE = """
SELECT p.citizen_id, p.full_name,
       make_date(p.birth_year, p.birth_month, p.birth_day), h.citizen_id IS NOT NULL
FROM citizens p
JOIN (
    SELECT citizen_id FROM insurance_cards GROUP BY citizen_id HAVING count(*) = 1
) single USING (citizen_id)
JOIN insurance_cards c USING (citizen_id)
LEFT JOIN health_summaries h USING (citizen_id)
WHERE p.status = 'active' AND p.birth_day IS NOT NULL AND c.status = 'active'
  AND c.manager = 'social_security'
  AND c.valid_from <= current_date AND c.valid_to >= current_date + 30
  AND NOT EXISTS (SELECT FROM citizens o WHERE o.superseded_by = p.citizen_id)
-- Not as they lie in the table: neighbours would share its pages.
ORDER BY md5(p.citizen_id)
LIMIT $1
"""

_UNKNOWN = """
SELECT number, 'Trần Văn Không', DATE '1980-01-01', false
FROM (
    SELECT substr(citizen_id, 1, 6)
           || lpad(((substr(citizen_id, 7)::int + 500000) % 1000000)::text, 6, '0')
           AS number
    FROM citizens
    WHERE status = 'active'
    ORDER BY md5(citizen_id)
    LIMIT $1
) made
WHERE NOT EXISTS (SELECT FROM citizens WHERE citizen_id = number)
"""


class Person(NamedTuple):
    """What the desk types. Everybody is invented."""

    citizen_id: str
    full_name: str
    birth_date: str
    """ISO date."""

    has_health: bool

    def __repr__(self) -> str:
        return "Person(***)"


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An open session in the insurer's protocol."""

    username: str
    password_md5: str
    token: str
    id_token: str


def insured_people(database_url: str, count: int) -> list[Person]:
    """People with exactly one card, which is in force for a month from today.

    Always the same people, and first those who come first in a longer list.
    """
    return asyncio.run(_people(database_url, _IN_FORCE, count))


def unknown_people(database_url: str, count: int) -> list[Person]:
    """People whose number has the right form and is nobody's."""
    return asyncio.run(_people(database_url, _UNKNOWN, count))


async def _people(database_url: str, query: str, count: int) -> list[Person]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(query, count)
    finally:
        await connection.close()
    return [
        Person(number, name, born.isoformat(), had) for number, name, born, had in rows
    ]


@dataclass(frozen=True, slots=True, repr=False)
class Asking:
    """Writes requests for one client."""

    api_key: str

    def lookup(self, person: Person) -> bytes:
        """A lookup of the insurance in our own dialect."""
        return _post(LOOKUPS, orjson.dumps(_claim(person)), key=self.api_key)

    def both_facets(self, person: Person) -> bytes:
        """A lookup of insurance and health in our own dialect."""
        wanted = {"include": ["coverage", "health"], "purpose": "treatment"}
        return _post(LOOKUPS, orjson.dumps(_claim(person) | wanted), key=self.api_key)

    def eligibility(self, person: Person) -> bytes:
        """An eligibility request in FHIR."""
        body = {
            "resourceType": "CoverageEligibilityRequest",
            "status": "active",
            "purpose": ["validation", "benefits"],
            "created": "2026-01-01",
            "insurer": {"display": "BHXH"},
            "patient": {"reference": "#p"},
            "contained": [
                {
                    "resourceType": "Patient",
                    "id": "p",
                    "identifier": [{"value": person.citizen_id}],
                    "name": [{"text": person.full_name}],
                    "birthDate": person.birth_date,
                }
            ],
        }
        return _post(
            "/fhir/CoverageEligibilityRequest",
            orjson.dumps(body),
            key=self.api_key,
            media_type="application/fhir+json",
        )

    def patient_search(self, person: Person, *, prefix: str = "/fhir") -> bytes:
        """A search for the person in FHIR.

        The name goes without accents, as many desks type it: fhirstarter 1.11 fails
        at any form with other letters than ASCII.
        """
        form = {
            "identifier": person.citizen_id,
            "name": fold_name(person.full_name),
            "birthdate": person.birth_date,
        }
        return _post(
            f"{prefix}/Patient/_search",
            urlencode(form).encode(),
            key=self.api_key,
            media_type="application/x-www-form-urlencoded",
        )


def gateway_lookup(person: Person, account: Account) -> bytes:
    """A lookup of a card in the insurer's protocol."""
    query = urlencode(
        {
            "token": account.token,
            "id_token": account.id_token,
            "username": account.username,
            "password": account.password_md5,
        }
    )
    day, month, year = reversed(person.birth_date.split("-"))
    body = {
        "maThe": person.citizen_id,
        "hoTen": person.full_name,
        "ngaySinh": f"{day}/{month}/{year}",
        "hoTenCb": "Hoàng Thị Thu Trang",
        "cccdCb": "068190999999",
    }
    path = f"/api/egw/{CARD_FUNCTIONS[0]}?{query}"
    return _post(path, orjson.dumps(body))


def _claim(person: Person) -> dict[str, object]:
    return {
        "citizen_id": person.citizen_id,
        "full_name": person.full_name,
        "birth_date": person.birth_date,
    }


def _post(
    path: str, body: bytes, *, key: str = "", media_type: str = "application/json"
) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        # Never counted against the objectives.
        "X-Tracuu-Channel: loadtest",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
    ]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    return "\r\n".join([*lines, "", ""]).encode() + body
