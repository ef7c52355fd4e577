"""Security headers of every answer."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.wrappers import Response

from wem.web.origins import Origin, here

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors {frames}; form-action 'self'"
)


def set_up_headers(app: Flask) -> None:
    """Set the policies; a view that sets its own Content-Security-Policy keeps it."""

    @app.after_request
    def _headers(response: Response) -> Response:
        frames = "'self'" if getattr(request, "may_be_framed", False) else "'none'"
        response.headers.setdefault("Content-Security-Policy", POLICY.format(frames=frames))
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        public = here() is Origin.public
        response.headers.setdefault("Referrer-Policy", "no-referrer" if public else "same-origin")
        if request.endpoint == "static":
            return response
        response.headers.setdefault("Cache-Control", "no-store")
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response
