"""By which address callers reach the service."""

from lookup.settings import Settings


def public_address(settings: Settings) -> str:
    """The address that is set, else where the service listens; no slash at its end."""
    here = f"http://{settings.http_host}:{settings.http_port}"
    return settings.public_url or here
