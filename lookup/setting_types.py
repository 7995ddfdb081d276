"""What a setting can be: addresses, keys, ports and times, checked when it is read."""

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr


def a_database(value: SecretStr) -> SecretStr:
    """The same value, if it is the address of a PostgreSQL, or empty.

    Raises:
        ValueError: It is not.
    """
    text = value.get_secret_value()
    if text and not re.match(r"postgres(ql)?://", text):
        raise ValueError("must start with postgresql://")
    return value


def _a_redis(value: SecretStr) -> SecretStr:
    if not re.match(r"(rediss?|unix)://", value.get_secret_value()):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


def _a_gateway(value: str) -> str:
    if value and not re.match(r"https?://[^/?#@]+[^?#@]*$", value):
        raise ValueError("must start with https:// or http://, without account")
    return value


def _a_public_url(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#@\s]*[^/?#@\s])?", value):
        raise ValueError("must start with https:// or http:// and not end with a slash")
    return value


def _a_system(value: str) -> str:
    if not re.fullmatch(r"(https?://|urn:)[^\s|]+", value):
        raise ValueError("must be a URI: http://…, https://… or urn:…")
    return value


def _a_md5(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"([0-9a-fA-F]{32})?", value.get_secret_value()):
        raise ValueError("must be the MD5 of the password: 32 hexadecimal digits")
    return value


def _a_key(value: SecretStr) -> SecretStr:
    if not _is_32_bytes(value.get_secret_value()):
        raise ValueError("must be 32 bytes in base64: openssl rand -base64 32")
    return value


def _keys(value: SecretStr) -> SecretStr:
    if not all(map(_is_32_bytes, _parts(value.get_secret_value()))):
        raise ValueError("must be 32 bytes in base64 each, with commas between")
    return value


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def keys_in(text: str) -> list[bytes]:
    """The keys of a setting that holds one or more.

    Raises:
        ValueError: They are not in base64.
    """
    return [base64.b64decode(part, validate=True) for part in _parts(text)]


def _an_officer_key(value: str) -> str:
    if value and not _is_32_bytes(value):
        raise ValueError("must be 32 bytes in base64: tracuu audit officer-key")
    return value


def _is_32_bytes(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 32  # noqa: PLR2004 - AES-256, X25519
    except binascii.Error:
        return False


DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(a_database),
    Field(
        description="The population database, which holds clients and audit, too. "
        "Required, unless the gateway is the only source and the file below is set.",
        examples=["postgresql://tracuu@db/tracuu"],
    ),
]
RedisUrl = Annotated[SecretStr, AfterValidator(_a_redis)]
GatewayUrl = Annotated[str, AfterValidator(_a_gateway)]
Md5 = Annotated[SecretStr, AfterValidator(_a_md5)]
CacheKey = Annotated[
    SecretStr,
    AfterValidator(_a_key),
    Field(
        description="Secret that hides keys and seals values in the cache and "
        "signs the audit: 32 bytes in base64, the same in every worker.",
        examples=["$(openssl rand -base64 32)"],
    ),
]
OtherCacheKeys = Annotated[
    SecretStr,
    AfterValidator(_keys),
    Field(
        description="While that secret is replaced: the one to come or the one "
        "before, with commas if there are more. What they have written and signed "
        "is read, and nothing is written with them.",
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Timeout = Annotated[float, Field(gt=0, le=30)]
"""Seconds."""

GatewayTimeout = Annotated[
    Timeout,
    Field(
        description="Longest wait for the gateway, in seconds; 1 to 3 are usual. "
        "What comes after TRACUU_DEADLINE_S answers the next lookup."
    ),
]
Usable = Annotated[
    float,
    Field(
        gt=0,
        description="How long a cached record may answer, marked stale, while "
        "no source can be asked, in seconds.",
    ),
]
ClientsFile = Annotated[
    str,
    Field(
        description="Who may ask, where there is no database: a TOML file, looked at "
        "every two seconds. tracuu clients create --into adds to it.",
        examples=["/etc/tracuu/clients.toml"],
    ),
]
AuditDir = Annotated[
    str,
    Field(
        description="Folder in which every lookup is written down before its answer "
        "leaves, on a disk that survives a restart; unless set, audit in "
        "TRACUU_STATE_DIR.",
        examples=["/var/lib/tracuu/audit"],
    ),
]
AuditDegraded = Annotated[
    float,
    Field(
        ge=0,
        le=900,
        description="How long after the audit's disk has failed coverage is still "
        "answered, and written down later, in seconds; 0 for never.",
    ),
]
AuditKeep = Annotated[
    float,
    Field(
        gt=0,
        description="How long the audit's files are kept, in days; with a database "
        "only what is in it is removed. Without one the law wants 12 months.",
    ),
]
OfficerKey = Annotated[
    str,
    AfterValidator(_an_officer_key),
    Field(
        description="Public key of the data-protection officer, who alone can read "
        "the numbers in the audit; unless set, nobody can. tracuu audit "
        "officer-key makes it.",
        examples=["$(tracuu audit officer-key --into officer.key)"],
    ),
]
PublicUrl = Annotated[
    str,
    AfterValidator(_a_public_url),
    Field(
        description="Address by which callers reach the service, for FHIR and access "
        "tokens; unless set, that of TRACUU_HTTP_HOST and TRACUU_HTTP_PORT.",
        examples=["https://tracuu.benhvien.example"],
    ),
]
CitizenIdSystem = Annotated[
    str, AfterValidator(_a_system), Field(description="FHIR's name of the citizen ID.")
]
LegacyIdSystem = Annotated[
    str,
    AfterValidator(_a_system),
    Field(description="FHIR's name of the old 9-digit number."),
]
InsuranceSystem = Annotated[
    str,
    AfterValidator(_a_system),
    Field(description="FHIR's name of the insurance card's number."),
]

VN_CORE = "http://fhir.ehealth.gov.vn/core/sid"
"""Where the draft of VN Core keeps its identifier systems; none is agreed yet.

Source: HL7 Vietnam, VN Core Implementation Guide, draft 1.0.0.
"""
