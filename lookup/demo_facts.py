"""What a demo keeps between two starts, and what it tells its callers.

The facts of a running demo (addresses, keys, one sample person for each result code)
stand in ``.tracuu/demo.json``, readable by its owner only.
"""

import asyncio
import base64
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from adapters.gateway_users import Password
from adapters.synthetic.people import Presented
from adapters.synthetic.sampling import one_per_code
from lookup.administration import (
    create_client,
    create_gateway_client,
    key_opens,
    password_opens,
    replace_officers,
)
from lookup.scopes import Scope
from lookup.settings import Settings, variable_of

HOME = Path(".tracuu")

FACTS_FILE = HOME / "demo.json"

CACHE_KEY_FILE = HOME / "cache.key"

OFFICER = ("068190999999", "Hoàng Thị Thu Trang")
"""Who sits at the demo's desk: nobody, as all people here."""


class DemoError(Exception):
    """The demo cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What a running demo tells its callers."""

    url: str
    admin_url: str
    api_key: str
    database_url: str
    samples: dict[str, dict[str, str]]
    gateway: dict[str, str]
    """An account of the insurer's protocol, and an officer on its list."""


def read_facts() -> dict[str, Any]:
    """What the last demo here wrote down; empty when there was none."""
    return dict(orjson.loads(FACTS_FILE.read_bytes())) if FACTS_FILE.exists() else {}


def write_facts(facts: Facts) -> None:
    """Tell callers what there is."""
    content = orjson.dumps(asdict(facts), option=orjson.OPT_INDENT_2)
    write_privately(FACTS_FILE, content)


def cache_key() -> dict[str, str]:
    """The secret of the cache: made once, then kept."""
    if not CACHE_KEY_FILE.exists():
        secret = base64.b64encode(secrets.token_bytes(32))
        write_privately(CACHE_KEY_FILE, secret)
    return {variable_of("cache_key"): CACHE_KEY_FILE.read_text()}


def make_facts(settings: Settings, database_url: str) -> Facts:
    """Make keys where the last ones open nothing any more, and find the samples."""
    samples = asyncio.run(one_per_code(database_url))
    return Facts(
        url=f"http://{settings.http_host}:{settings.http_port}",
        admin_url=f"http://{settings.admin_host}:{settings.admin_port}",
        api_key=_api_key(database_url),
        database_url=database_url,
        samples={code: _sample(samples[code]) for code in sorted(samples)},
        gateway=_gateway(database_url),
    )


def _sample(person: Presented) -> dict[str, str]:
    return {
        "citizen_id": person.citizen_id,
        "full_name": person.full_name,
        "birth_date": person.birth_date,
        "qr": person.qr,
    }


def _api_key(database_url: str) -> str:
    """The key of the last start while it opens, else a new one with every scope."""
    last = str(read_facts().get("api_key", ""))
    if key_opens(database_url, last):
        return last
    key = create_client(
        database_url,
        f"demo-{secrets.token_hex(3)}",
        scopes=frozenset(Scope),
        description="Demo on this machine",
    )
    return key.text


def _gateway(database_url: str) -> dict[str, str]:
    """The account of the last start while it opens, else a new one."""
    last = read_facts().get("gateway", {})
    password = Password(last.get("password", ""))
    if password_opens(database_url, last.get("username", ""), password):
        return dict(last)
    name = secrets.token_hex(3)
    client_id, username = f"demo-gateway-{name}", f"{name}_BV"
    _, password = create_gateway_client(
        database_url,
        client_id,
        username,
        scopes=frozenset(Scope),
        description="Demo on this machine, insurer's protocol",
    )
    officer_id, officer_name = OFFICER
    replace_officers(database_url, client_id, f"{officer_id},{officer_name}")
    return {
        "username": username,
        "password": password.text,
        "officer_name": officer_name,
        "officer_citizen_id": officer_id,
    }


def write_privately(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    fresh.replace(file)
