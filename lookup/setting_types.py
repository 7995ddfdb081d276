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
    try:
        raw = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004 - AES-256
        raise ValueError("must be 32 bytes in base64: openssl rand -base64 32")
    return value


DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(a_database),
    Field(
        description="The population database, which holds clients and audit, too. "
        "Required, unless the gateway is the only source and the two files below are "
        "set.",
        examples=["postgresql://tracuu@db/tracuu"],
    ),
]
RedisUrl = Annotated[SecretStr, AfterValidator(_a_redis)]
GatewayUrl = Annotated[str, AfterValidator(_a_gateway)]
Md5 = Annotated[SecretStr, AfterValidator(_a_md5)]
Key = Annotated[SecretStr, AfterValidator(_a_key)]
Port = Annotated[int, Field(ge=1, le=65535)]
Timeout = Annotated[float, Field(gt=0, le=30)]
"""Seconds."""

ClientsFile = Annotated[
    str,
    Field(
        description="Who may ask, where there is no database: a TOML file, looked at "
        "every two seconds. tracuu clients create --into adds to it.",
        examples=["/etc/tracuu/clients.toml"],
    ),
]
AuditFile = Annotated[
    str,
    Field(
        description="Where lookups are written down without a database: JSON lines. "
        "Renamed, it is begun again.",
        examples=["/var/log/tracuu/audit.jsonl"],
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
