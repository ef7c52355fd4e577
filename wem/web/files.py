"""Files that belong to somebody: shown or kept by who may, and by no cache."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response


def file_answer(content: bytes, name: str, media_type: str = "application/pdf", *, attached: bool = False) -> Response:
    """Return a file under its name; `attached` has the browser keep it instead of showing it."""
    way = "attachment" if attached else "inline"
    return Response(
        content,
        mimetype=media_type,
        headers={
            "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
            "Cache-Control": "no-store",
        },
    )
