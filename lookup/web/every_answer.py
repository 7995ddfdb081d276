"""What stands on every answer: what a browser may not make of it, and no versions."""

from collections.abc import Mapping
from types import MappingProxyType

EVERY_ANSWER: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'",
        # aiohttp would say its own version and Python's.
        "Server": "tracuu",
    }
)
"""An answer may have a policy of its own.

Source: OWASP ASVS 5.0.0, V3.4.3, V3.4.4, V3.4.6 and V13.4.6.
"""
