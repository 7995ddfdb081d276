"""The people a load test asks about, in the file the generator reads.

With the file the generator needs neither database nor service to know what every
answer must be. All people are invented.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """What the desk types, and what must come back."""

    citizen_id: str
    full_name: str
    birth_date: str
    """ISO date."""

    code: str
    """Result code of a lookup by number, name and birth date."""

    answered_id: str
    """The number in the answer: where the desk has an old one, the present one."""

    has_health: bool


@dataclass(frozen=True, slots=True, repr=False)
class People:
    """Everybody, and the day for which their codes hold."""

    on: str
    """ISO date."""

    everybody: tuple[Person, ...]


def write_people(people: People, file: Path) -> None:
    """Keep them in a file."""
    file.write_bytes(orjson.dumps(asdict(people)))


def read_people(file: Path) -> People:
    """Read what ``write_people`` has written."""
    content = orjson.loads(file.read_bytes())
    return People(content["on"], tuple(Person(**each) for each in content["everybody"]))
