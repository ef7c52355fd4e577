"""Two origins: the portal for those who sign in, the public one for end users; each is 404 for the other's paths."""

from __future__ import annotations

import enum

from flask import Flask, abort, current_app, request

from wem.settings import settings


class Origin(enum.StrEnum):
    portal = "portal"
    public = "public"
    both = "both"


def guard_origins(app: Flask) -> None:
    """Refuse with 404 what belongs to the other origin; a blueprint says its origin, the portal being the default."""

    @app.before_request
    def _guard() -> None:
        if request.endpoint in ("static", None):
            return
        blueprint = current_app.blueprints.get(request.blueprint or "")
        origin = getattr(blueprint, "origin", Origin.portal)
        if origin is not Origin.both and origin is not here():
            abort(404)


def here() -> Origin:
    """Return the origin of the present request, told by its Host."""
    return Origin.public if request.host == settings().public_host else Origin.portal


def public_url(path: str) -> str:
    """Return the absolute address of a path on the public origin."""
    return settings().PUBLIC_URL.rstrip("/") + path


def portal_url(path: str) -> str:
    """Return the absolute address of a path on the portal."""
    return settings().PORTAL_URL.rstrip("/") + path
