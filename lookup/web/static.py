"""The reception page and the API's handbook: a closed list of files.

Files are read when the routes are made and served from memory; no path of a request
ever reaches the disk. Nothing is compressed: the one large file is fetched once for
each release, for the ETag answers the rest.
"""

import hashlib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from aiohttp import web

_CLOSED = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_POLICY = f"{_CLOSED}; style-src 'self'"
_DOCS_POLICY = f"{_CLOSED}; style-src 'self' 'unsafe-inline'"
"""Swagger UI sets styles on its elements; scripts stay as closed as on the page."""

_POLICIES: Mapping[str, str] = MappingProxyType(
    {"page": _PAGE_POLICY, "docs": _DOCS_POLICY}
)

_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "page": (
            "answer.css",
            "answer.js",
            "dom.js",
            "health.js",
            "icon.svg",
            "lookups.js",
            "page.css",
            "page.js",
            "print.css",
            "question.js",
            "sign-in.js",
            "words.js",
        ),
        "docs": (
            "LICENSE",
            "NOTICE",
            "docs.css",
            "init.js",
            "swagger-ui-bundle.js",
            "swagger-ui-bundle.js.LICENSE.txt",
            "swagger-ui.css",
        ),
    }
)
"""Every file but each folder's ``index.html``, which has an address of its own."""

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "css": "text/css",
        "html": "text/html",
        "js": "text/javascript",
        "svg": "image/svg+xml",
    }
)
"""Media type by the end of the name; plain text for the rest. All are UTF-8."""


class StaticFile:
    """One file of the installed package and the headers it is served with."""

    def __init__(self, folder: str, name: str) -> None:
        self._body = resources.files("lookup.web").joinpath(folder, name).read_bytes()
        self._type = _TYPES.get(name.rpartition(".")[2], "text/plain")
        self._etag = hashlib.sha256(self._body).hexdigest()[:32]
        self._policy = _POLICIES[folder]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the file, or 304 to a browser that already holds it."""
        if self._is_held_by(request):
            response = web.Response(status=304)
        else:
            response = web.Response(
                body=self._body, content_type=self._type, charset="utf-8"
            )
        response.etag = self._etag
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _is_held_by(self, request: web.Request) -> bool:
        return any(
            tag.value in {self._etag, "*"} for tag in request.if_none_match or ()
        )


def static_routes() -> list[web.RouteDef]:
    """Read every file and give the routes of ``/``, ``/docs`` and what they load.

    Raises:
        FileNotFoundError: The installed package lacks a file of the list.
    """
    addresses = {"/": ("page", "index.html"), "/docs": ("docs", "index.html")}
    for folder, names in _FILES.items():
        addresses |= {f"/{folder}/{name}": (folder, name) for name in names}
    return [web.get(path, StaticFile(*at).serve) for path, at in addresses.items()]
