"""What a mail will look like: as an invented reader, or as one looked up by whole address."""

from __future__ import annotations

from dataclasses import dataclass

import flask
from flask import Response as FlaskResponse
from flask import abort, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from wem import audit
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import naming, previewing, testing
from wem.mailings.dark_rules import darkened
from wem.mailings.forms import FindReaderForm, TestCopyForm
from wem.mailings.greetings import doubled_when_filled
from wem.mailings.image_using import origin
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.previewing import GMAIL_KB, SAMPLES, Shown
from wem.mailings.samples import Sample
from wem.mailings.starting import lists_of
from wem.mailings.states import HeldReason
from wem.mailings.titles import Titles
from wem.mailings.trial_models import variants_of
from wem.mailings.wording import HELD, problem_text
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("previews", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response

NAMES = {
    Sample.ordinary: (_l("Ordinary"), _l("A sample reader with every field filled in.")),
    Sample.empty: (_l("Empty"), _l("A sample reader with all fields empty: do greetings still read well?")),
    Sample.longest: (_l("Longest"), _l("A sample reader with very long values: does the layout hold?")),
    Sample.old_phone: (_l("Older phone"), _l("A sample reader with an older phone that shows text only.")),
    Sample.foreign: (_l("Foreign"), _l("A sample reader whose values contain non-Japanese characters.")),
}
VIEWS = ("desktop", "phone", "dark", "images", "text")
# Those who show the worst: nothing filled in, and more than anybody expects.
WORST = (Sample.empty, Sample.longest)
# The mail runs nothing, loads images alone and is shown by our own pages alone. Our own images are named: without TLS,
# on somebody's own machine, they are no https.
SANDBOX = (
    "sandbox; default-src 'none'; img-src https: data: {images}; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
# Beside the block editor our page reads how far the mail is scrolled, and goes there again when it was made anew. The
# mail still runs nothing: that is the right to scripts, which no frame of ours has.
BESIDE = SANDBOX.replace("sandbox;", "sandbox allow-same-origin;", 1)
WITHOUT_IMAGES = SANDBOX.replace("img-src https: data: {images}", "img-src 'none'")


@dataclass(frozen=True)
class Chosen:
    """As whom the mail is shown: the mail, or what is wrong with it."""

    key: str
    note: str
    found: str = ""
    shown: Shown | None = None
    problem: str = ""


@blueprint.get("/mailings/<int:id>/preview")
def show(id: int) -> Answer:
    return page(owned_or_404(Mailing, id))


@blueprint.get("/mailings/<int:id>/preview/html")
def html(id: int) -> Answer:
    """The mail alone, for the frame of the preview: in dark colours or without images when the address says so."""
    mailing = owned_or_404(Mailing, id)
    if request.args.get("beside") == "1" and mailing.body_kind is BodyKind.blocks:
        return _beside(mailing)
    chosen = _chosen(mailing)
    if chosen.shown is None or chosen.shown.html is None:
        abort(404)
    mail = darkened(chosen.shown.html) if request.args.get("view") == "dark" else chosen.shown.html
    policy = WITHOUT_IMAGES if request.args.get("view") == "images" else SANDBOX
    return _framed(mail, policy)


def _beside(mailing: Mailing) -> Answer:
    try:
        return _framed(previewing.beside_blocks(mailing), BESIDE)
    except TemplateProblem:
        abort(404)


def _framed(mail: str, policy: str) -> FlaskResponse:
    flask.request.may_be_framed = True  # type: ignore[attr-defined]
    return FlaskResponse(
        mail, mimetype="text/html", headers={"Content-Security-Policy": policy.format(images=origin())}
    )


@blueprint.get("/mailings/<int:id>/preview/readers")
def readers(id: int) -> Answer:
    """The mail as each invented reader gets it, side by side: all of them, or those who show the worst."""
    mailing = owned_or_404(Mailing, id)
    worst = request.args.get("show") == "worst"
    problem, shown = "", []
    try:
        letter = previewing.compiled(mailing)
        shown = [
            (index, NAMES[reader.sample], previewing.filled(letter, reader))
            for index, reader in enumerate(previewing.samples_of(mailing.customer_id))
            if not worst or reader.sample in WORST
        ]
    except TemplateProblem as found:
        problem = problem_text(found)
    return render_template(
        "mailings/preview_readers.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        shown=shown,
        worst=worst,
        most=GMAIL_KB,
        text_only=[SAMPLES.index(Sample.old_phone)],
        problem=problem,
    )


@blueprint.post("/mailings/<int:id>/preview/reader")
@limiter.limit("30/minute;300/day")
def find(id: int) -> Answer:
    """Look up one reader by the whole address; limited and on record, so that nobody tries a list of addresses."""
    mailing = owned_or_404(Mailing, id)
    account, form = me(), FindReaderForm()
    if not form.validate_on_submit():
        return page(mailing, find=form), 422
    reader = previewing.find(mailing.customer_id, form.address.data or "")
    audit.record("subscriber.find", by=account.id, customer_id=mailing.customer_id, subject=mailing, found=bool(reader))
    db.session.commit()
    if reader is None:
        form.address.errors = [gettext("There is no reader with this address. Please check the spelling.")]
        return page(mailing, find=form), 422
    return see_other(url_for("previews.show", id=id, reader=previewing.token_for(reader, mailing, account.id)))


def page(mailing: Mailing, *, find: FindReaderForm | None = None, test: TestCopyForm | None = None) -> str:
    """Return the page with the forms as they were typed."""
    chosen = _chosen(mailing)
    view = request.args.get("view", "")
    if view not in VIEWS:
        view = "text" if chosen.key == str(SAMPLES.index(Sample.old_phone)) else "desktop"
    size = chosen.shown.size_kb if chosen.shown else 0
    return render_template(
        "mailings/preview.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        variants=[mailing.main, *variants_of(mailing.main)],
        readers=[(index, NAMES[sample][0]) for index, sample in enumerate(SAMPLES)],
        reader=chosen.key,
        reader_note=chosen.note,
        found=chosen.found,
        shown=chosen.shown,
        problem=chosen.problem,
        view=view,
        size=size,
        clipped=size >= GMAIL_KB and chosen.shown is not None and chosen.shown.html is not None,
        doubled=_doubled(chosen.shown) if chosen.shown else [],
        sender=previewing.sender_shown(mailing, lists_of(mailing)),
        name_lost=HELD[HeldReason.sender_name] if naming.lost([mailing]) else "",
        find_form=find or FindReaderForm(formdata=None),
        test_form=test or copy_form(mailing.customer_id, fresh=True),
    )


def _doubled(shown: Shown) -> list[str]:
    return list(dict.fromkeys(doubled_when_filled(shown.subject, shown.text, shown.html)))


def copy_form(customer_id: int, *, fresh: bool = False) -> TestCopyForm:
    """Return the form for test copies with the customer's testers; fresh: whatever was posted is another form's."""
    form = TestCopyForm(formdata=None) if fresh else TestCopyForm()
    testers = testing.testers_of(customer_id)
    form.offer(testers, [(index, str(NAMES[sample][0])) for index, sample in enumerate(SAMPLES)])
    if fresh:
        form.testers.data = [row.id for row in testers]
    return form


def _chosen(mailing: Mailing) -> Chosen:
    """Return the mail as the reader that the address of the page names; the first invented one when it names none."""
    key = request.args.get("reader", "")
    reader = previewing.found_by(key, mailing, me().id)
    numbers = {str(number): number for number in range(len(SAMPLES))}
    index = numbers.get(key, 0)
    try:
        if reader is not None:
            shown = previewing.as_reader(mailing, reader)
            note = gettext("One of your readers with their stored values. The address is masked.")
            return Chosen(key, note, found=reader.masked, shown=shown)
        return Chosen(str(index), str(NAMES[SAMPLES[index]][1]), shown=previewing.as_sample(mailing, index))
    except TemplateProblem as problem:
        return Chosen(str(index), str(NAMES[SAMPLES[index]][1]), problem=problem_text(problem))
