"""What came from a browser, without what no text of ours can hold: PostgreSQL keeps no NUL, and nobody types one."""

from __future__ import annotations

from flask import Flask, Request, abort, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.utils import cached_property

NUL = "\x00"


class Reading(Request):
    """A request whose fields, query and names of files hold no NUL."""

    @cached_property
    def args(self) -> MultiDict[str, str]:  # type: ignore[override]
        return without_nul(super().args)

    def _load_form_data(self) -> None:
        if "form" in self.__dict__:
            return
        super()._load_form_data()
        self.__dict__["form"] = without_nul(self.__dict__["form"])
        for file in self.__dict__["files"].values():
            file.filename = (file.filename or "").replace(NUL, "")


def without_nul(found: MultiDict[str, str]) -> MultiDict[str, str]:
    """Return the same fields without NUL in names and values."""
    pairs = list(found.items(multi=True))
    if not any(NUL in name or NUL in value for name, value in pairs):
        return found
    return ImmutableMultiDict([(name.replace(NUL, ""), value.replace(NUL, "")) for name, value in pairs])


def set_up_reading(app: Flask) -> None:
    app.request_class = Reading

    @app.before_request
    def _no_such_page() -> None:
        if NUL in request.path:
            abort(404)
