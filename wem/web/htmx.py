"""Answers for htmx and for browsers without it: the same fragment, the same redirect."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, render_template, request
from flask_htmx import HTMX
from werkzeug.wrappers import Response

htmx = HTMX()


def wants_fragment() -> bool:
    """Return whether htmx asks for a fragment (a boosted link asks for the page)."""
    return bool(htmx) and not request.headers.get("HX-Boosted")


def page_or_fragment(page: str, fragment: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """Render the fragment for htmx, the page that includes it otherwise."""
    return render_template(fragment if wants_fragment() else page, **values), status


def see_other(location: str) -> Response:
    """Send the browser on after a successful act: 303, or HX-Redirect for htmx."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": location})
    return redirect(location, 303)  # type: ignore[return-value]


def set_up_htmx(app: Flask) -> None:
    htmx.init_app(app)

    @app.after_request
    def _vary(response: Response) -> Response:
        response.vary.add("HX-Request")
        return response
