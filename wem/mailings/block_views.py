"""The block editor: one page of small forms; with JavaScript each act swaps a fragment, and what is typed is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import block_editing, block_keeping, branding
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_act_forms import change_asked
from wem.mailings.block_compiling import pictures_of
from wem.mailings.block_editing import Meanwhile, SteppedMeanwhile
from wem.mailings.block_forms import LookForm, block_shown, look_form, typed_values
from wem.mailings.block_moving_rules import Gone
from wem.mailings.block_rules import FIELDS, LAYOUTS, Form, NotValid
from wem.mailings.block_wording import KINDS, LAYOUT_NAMES, act_text, fault_text, not_valid_text
from wem.mailings.composing import Refused
from wem.mailings.inserting import snippets
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.previewing import GMAIL_KB
from wem.mailings.states import NotPossible
from wem.mailings.titles import Titles
from wem.mailings.trial_models import trial_of
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other, wants_fragment
from wem.web.ownership import owned_or_404
from wem.web.session import me, ours

blueprint = CustomerBlueprint("blocks", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
MOST_OPEN = 60


@dataclass(frozen=True)
class Said:
    """What the page says above the blocks, beside what it shows anyway; `mine` is what somebody typed in vain."""

    kind: str = ""
    text: str = ""
    mine: str = ""


@dataclass(frozen=True)
class Typed:
    """What was typed about one block and could not be kept; `meanwhile` when somebody else changed it."""

    block: str
    values: Mapping[str, str]
    errors: Mapping[str, str]
    # Then the state that this person had before them: saving once more is no decision to replace the other's.
    meanwhile: str | None = None


@blueprint.get("/mailings/<int:id>/blocks")
@writers_only
def show(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    if not mailing.editable:
        return _moved_on(mailing)
    if mailing.body_kind is not BodyKind.blocks:
        return see_other(url_for("composing.edit", id=id))
    return _page(mailing, focus=request.args.get("open", "")[:12])


@blueprint.post("/mailings/<int:id>/blocks")
@writers_only
def act(id: int) -> Answer:
    """Add, move, duplicate, delete, undo, and what concerns the mail as a whole."""
    mailing, account = owned_or_404(Mailing, id), me()
    name = request.form.get("act", "").partition(" ")[0]
    if name == "look" and not (look := LookForm()).validate():
        return _page(mailing, look=look, status=422)
    try:
        if name in ("undo", "redo"):
            return _step(mailing, -1 if name == "undo" else 1)
        focus: list[str] = []
        block_editing.edit(mailing, change_asked(request.form, mailing, focus), name, by=account.id)
    except Gone:
        db.session.rollback()
        text = gettext("It was deleted elsewhere. “Undo” restores it.")
        return _page(mailing, said=Said("warning", text), status=409)
    except NotValid as error:
        db.session.rollback()
        return _page(mailing, said=Said("error", not_valid_text(error)), status=422)
    except Refused as refused:
        db.session.rollback()
        text = " ".join(fault_text(fault) for fault in refused.problems.values())
        return _page(mailing, said=Said("error", text), status=422)
    except NotPossible:
        db.session.rollback()
        return _moved_on(mailing)
    db.session.commit()
    said = Said("success", gettext("Deleted. “Undo” restores it.")) if name.startswith("delete") else Said()
    if name == "preheader":
        said = Said("success", gettext("Preview text saved."))
    return _done(mailing, focus[0] if focus else "", said)


def _step(mailing: Mailing, steps: int) -> Answer:
    """Undo or do again; raises what `block_editing.step` raises."""
    try:
        stepped = block_editing.step(mailing, steps, _seen_version(), by=me().id)
    except SteppedMeanwhile:
        db.session.rollback()
        text = gettext(
            "The email was changed elsewhere; the current version is shown here. Please check it before you undo."
        )
        return _page(mailing, said=Said("warning", text), status=409)
    if stepped is None:
        db.session.rollback()
        text = gettext("There is nothing to undo.") if steps < 0 else gettext("There is nothing to redo.")
        return _page(mailing, said=Said("info", text))
    db.session.commit()
    act = act_text(stepped, block_keeping.document_of(mailing))
    text = gettext("Undone: %(act)s.", act=act) if steps < 0 else gettext("Redone: %(act)s.", act=act)
    return _done(mailing, "", Said("success", text))


def _seen_version() -> int:
    typed = request.form.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


@blueprint.post("/mailings/<int:id>/blocks/change")
@writers_only
def change(id: int) -> Answer:
    """Keep what was typed into one block; by itself (`auto`) the answer leaves the form alone."""
    mailing, account = owned_or_404(Mailing, id), me()
    block_id, auto = request.form.get("block", "")[:12], request.form.get("auto") == "1"
    seen = None if request.form.get("force") == "1" else request.form.get("seen", "")[:64]
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    meanwhile: str | None = None
    try:
        kind = moving.block_of(block_keeping.document_of(mailing), block_id).kind
        values = typed_values(kind, request.form)
        wanted = block_editing.changing(block_id, values, mailing, seen)
        block_editing.edit(mailing, wanted, f"change {block_id}", by=account.id)
    except Gone:
        db.session.rollback()
        text = gettext(
            "This block was deleted elsewhere while you were editing. Your text is kept below so that you can copy it."
        )
        mine = "\n".join(text for name, text in request.form.items() if name in _WRITTEN and text.strip())
        answer = make_response(_page(mailing, said=Said("warning", text, mine), status=409))
        # Also where only the state was asked for.
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#blocks", "outerHTML"
        return answer
    except Meanwhile:
        meanwhile = seen
        errors[""] = gettext(
            "This block was changed elsewhere while you were editing. Your text is kept below but not saved yet."
        )
    except NotValid as error:
        errors[error.place] = not_valid_text(error)
    except Refused as refused:
        errors |= {name: fault_text(fault) for name, fault in refused.problems.items()}
    except NotPossible:
        db.session.rollback()
        return _moved_on(mailing)
    if errors:
        db.session.rollback()
        typed = Typed(block_id, values, errors, meanwhile)
        return _kept(mailing, typed) if auto else _page(mailing, typed=typed, status=422 if meanwhile is None else 409)
    db.session.commit()
    return _kept(mailing, Typed(block_id, {}, {})) if auto else _done(mailing, block_id, Said())


_WRITTEN = {name for fields in FIELDS.values() for name, field in fields.items() if field.form is not Form.choice}


@blueprint.post("/mailings/<int:id>/blocks/html")
@writers_only
def to_html(id: int) -> Answer:
    """Go on with raw HTML: there is no way back to blocks."""
    mailing = owned_or_404(Mailing, id)
    try:
        block_editing.to_html(mailing, by=me().id)
    except NotPossible:
        db.session.rollback()
        return _moved_on(mailing)
    db.session.commit()
    flash(gettext("You can now edit the HTML of this mailing directly."), "success")
    return see_other(url_for("composing.edit", id=id))


def _moved_on(mailing: Mailing) -> Answer:
    flash(gettext("Only drafts can be edited. Cancel the schedule first, or duplicate the mailing."), "warning")
    return see_other(url_for("mailings.show", id=mailing.id))


def _done(mailing: Mailing, focus: str, said: Said) -> Answer:
    if wants_fragment():
        return _page(mailing, focus=focus, said=said)
    if said.text:
        flash(said.text, said.kind)
    return see_other(url_for("blocks.show", id=mailing.id, open=focus or None, _anchor=focus or None))


def _kept(mailing: Mailing, typed: Typed) -> Answer:
    """Answer what saved itself: the state, and what else of the page is new; the form stays as it is being typed in."""
    document = block_keeping.document_of(mailing)
    return (
        render_template(
            "mailings/_blocks_saved.html",
            mailing=mailing,
            typed=typed,
            block=block_shown(moving.block_of(document, typed.block), [], pictures_of(document, mailing.customer_id)),
            problem=" ".join(typed.errors.values()),
            others=block_keeping.changed_by_others(mailing, _seen_version(), me().id),
            **_about(mailing),
        ),
        422 if typed.errors else 200,
    )


def _page(
    mailing: Mailing,
    *,
    focus: str = "",
    said: Said = Said(),
    typed: Typed | None = None,
    look: LookForm | None = None,
    status: int = 200,
) -> Answer:
    customer, account = ours()
    document = block_keeping.document_of(mailing)
    images, pictures = branding.offered_images(customer.id), pictures_of(document, customer.id)
    opened = {*request.form.get("opened", "").split(",")[:MOST_OPEN], focus}
    blocks = {}
    for block in document.blocks:
        mine = typed if typed is not None and typed.block == block.id else None
        blocks[block.id] = block_shown(
            block,
            images,
            pictures,
            open=block.id in opened,
            typed=mine.values if mine else None,
            errors=mine.errors if mine else None,
            seen=mine.meanwhile if mine else None,
        )
    values: dict[str, Any] = {
        "mailing": mailing,
        "document": document,
        "blocks": blocks,
        "kinds": KINDS,
        "layouts": LAYOUT_NAMES,
        "shares": LAYOUTS,
        "focus": focus,
        "said": said,
        "typed": typed,
        "look": look or look_form(document),
        "snippets": snippets(customer.id, mailing.language),
        "others": block_keeping.changed_by_others(mailing, _seen_version(), account.id) if request.form else False,
        **_about(mailing),
    }
    if wants_fragment():
        # Answers to acts that failed are shown too.
        return render_template("mailings/_blocks.html", **values), 422 if status >= 400 else 200
    return (
        render_template(
            "mailings/blocks.html",
            title=Titles(customer.id).of(mailing),
            tested=trial_of(mailing.main.id) is not None,
            **values,
        ),
        status,
    )


def _about(mailing: Mailing) -> dict[str, Any]:
    """Return what both answers show: the steps, how large the mail is."""
    size = -(-len(mailing.html.encode()) // 1024)
    return {
        "steps": block_keeping.steps_of(mailing),
        "size": size,
        "most": GMAIL_KB,
        "large": size >= GMAIL_KB * 9 // 10,
    }
