"""Files that belong to somebody: shown or kept by who may, and by no cache."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from flask import Response, send_file


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


def stored_file_answer(path: Path, name: str) -> Response:
    """Return what somebody handed in, as a file to save: never opened on our pages, whatever it says it is."""
    answer: Response = send_file(path, mimetype="application/octet-stream", as_attachment=True, download_name=name)
    # Flask lets files be kept for as long as it is told for static ones: that is a year here.
    answer.headers["Cache-Control"] = "no-store"
    return answer
