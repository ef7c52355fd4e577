"""Direct debit on staff's screens: the next file and who is left out, making it, its result, what failed (6-1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock, queue
from wem.accounts.rules import StaffRole
from wem.billing import closing, debit_answering, debit_deciding, debit_planning, debiting
from wem.billing.debit_models import DebitEntry, DebitRun, live_runs
from wem.billing.debit_rules import EntryState, Left, RunState
from wem.billing.payment_forms import DecideForm, FileForm, WithdrawForm
from wem.billing.wording import ENTRIES, FAULTS, LEFT, NEXT, OUTCOMES, RUNS, WARNINGS
from wem.billing.zengin_reading_rules import BadFile, Warned
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.filters import day as written_day
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint("staff_debits", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/debits")
Answer = str | tuple[str, int] | Response
SHOWN = 100
SLOW = timedelta(minutes=10)
# 999,999 records of 122 bytes would be 122 MB; no collector takes that in one file.
MOST_BYTES = 30 * 1024 * 1024
NEED_A_LOOK = (EntryState.failed, EntryState.with_staff)


@blueprint.get("")
def index() -> Answer:
    """Show what the next file will hold, who is left out and why, the files that were made, what is to be decided."""
    today = clock.today()
    day = debit_planning.upcoming(today)
    plan = debit_planning.plan(day, debit_planning.collector().joined)
    reasons = [(reason, LEFT[reason], [each for each, why in plan.left if why is reason]) for reason in Left]
    return render_template(
        "billing/staff/debits.html",
        plan=plan,
        day=day,
        may_make=day.may_be_made(today) and plan.count > 0,
        charged=closing.charged(day.month),
        to_close=not closing.charged(closing.next_month(today)),
        left=[(text, sums, sum(each.candidate.open for each in sums)) for _, text, sums in reasons if sums],
        waiting=[run for run in live_runs() if run.state in (RunState.made, RunState.reading)],
        to_decide=_to_decide(),
        page=page_of(sa.select(DebitRun), DebitRun.id, 12),
        states=RUNS,
        today=today,
        shown=SHOWN,
        outcomes=OUTCOMES,
    )


def _to_decide() -> list[DebitEntry]:
    found = sa.select(DebitEntry).where(DebitEntry.state == EntryState.with_staff).order_by(DebitEntry.id)
    return list(db.session.scalars(found.limit(SHOWN)))


@blueprint.post("")
def make() -> Answer:
    """Make the file of the day that the page showed, once however often it is asked for."""
    day = debit_planning.upcoming(clock.today())
    if request.form.get("debit_on") != day.debit_on.isoformat():
        # The page is an old one: its file was made meanwhile, or its time is over.
        run = next((each for each in live_runs() if str(each.debit_on) == request.form.get("debit_on")), None)
        return see_other(url_for("staff_debits.show", id=run.id) if run else url_for("staff_debits.index"))
    try:
        run = debiting.make(day, by=me().id)
    except debiting.NoCollector:
        return _refused(gettext("No collector code is set (DEBIT_COLLECTOR). Please ask who runs WeM."))
    except Illegal:
        return _refused(gettext("There is nothing to debit, or it is not the time for this file."))
    db.session.commit()
    flash(
        gettext("The file is made. Save it and hand it to the bank by %(day)s.", day=written_day(run.deadline)),
        "success",
    )
    return see_other(url_for("staff_debits.show", id=run.id))


def _refused(said: str) -> Response:
    db.session.rollback()
    flash(said, "error")
    return see_other(url_for("staff_debits.index"))


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(DebitRun, id), FileForm(formdata=None), WithdrawForm(formdata=None))


def _page(run: DebitRun, upload: FileForm, withdrawal: WithdrawForm, status: int = 200, **more: Any) -> tuple[str, int]:
    only = request.args.get("state", "")
    found = sa.select(DebitEntry).where(DebitEntry.run_id == run.id)
    if only == "open":
        found = found.where(DebitEntry.state.in_(NEED_A_LOOK))
    by_outcome = (
        sa.select(DebitEntry.outcome, sa.func.count(), sa.func.sum(DebitEntry.amount))
        .where(DebitEntry.run_id == run.id, DebitEntry.outcome.is_not(None))
        .group_by(DebitEntry.outcome)
    )
    page = render_template(
        "billing/staff/debit.html",
        run=run,
        state=RUNS[run.state],
        page=page_of(found, DebitEntry.id),
        only=only,
        entry_states=ENTRIES,
        outcomes=OUTCOMES,
        totals=sorted(db.session.execute(by_outcome), key=lambda row: str(row[0])),
        warnings=[(line, WARNINGS[Warned(what)]) for line, what in run.warnings[:SHOWN]],
        upload=upload,
        withdrawal=withdrawal,
        today=clock.today(),
        slow=run.state is RunState.reading and run.answered_at is not None and clock.now() - run.answered_at > SLOW,
        **more,
    )
    return page, status


def _held(id: int) -> DebitRun:
    run = db.session.get(DebitRun, id, with_for_update=True, populate_existing=True)
    if run is None:
        abort(404)
    return run


@blueprint.post("/<int:id>/file")
def fetch(id: int) -> Answer:
    """Hand out the file for the bank; a withdrawn one no more."""
    run = _held(id)
    if run.state is RunState.withdrawn or run.lost:
        abort(409)
    file = debiting.fetch(run, by=me().id)
    db.session.commit()
    name = f"furikae-{run.debit_on:%Y%m%d}.txt"
    return file_answer(file, name, "application/octet-stream", attached=True)


@blueprint.post("/<int:id>/result")
def answer(id: int) -> Answer:
    """Read the bank's answer: all of it, or none; what follows from a long one is work for later."""
    run, form = _held(id), FileForm()
    if not form.validate():
        return _page(run, form, WithdrawForm(formdata=None), 422)
    content = cast(bytes, form.file.data.read(MOST_BYTES + 1))
    try:
        debit_answering.check(run, content, by=me().id)
    except debit_answering.Twice as twice:
        return _not_read(id, "twice", again=twice.run_id)
    except BadFile as bad:
        return _not_read(id, bad.fault.value, bad=bad, why=FAULTS[bad.fault])
    except Illegal:
        return _not_read(id, "state", closed=True)
    if run.count <= debit_answering.AT_ONCE:
        debit_answering.carry_out(run)
        flash(gettext("The result is read, and everything in it is carried out."), "success")
    else:
        queue.ring(queue.WORK, "wem.billing.jobs.carry_out_answer", run.id)
    db.session.commit()
    return see_other(url_for("staff_debits.show", id=id))


def _not_read(id: int, why_code: str, **shown: Any) -> tuple[str, int]:
    """Say why a file was refused as a whole; that it was tried stands in the trail."""
    db.session.rollback()
    run = db.session.get_one(DebitRun, id)
    bad = shown.get("bad")
    audit.record("debit.refuse_result", by=me().id, subject=run, fault=why_code, line=bad.line if bad else None)
    db.session.commit()
    return _page(db.session.get_one(DebitRun, id), FileForm(formdata=None), WithdrawForm(formdata=None), 422, **shown)


@blueprint.post("/<int:id>/withdrawal")
def withdraw(id: int) -> Answer:
    run, form = _held(id), WithdrawForm()
    if not form.validate():
        return _page(run, FileForm(formdata=None), form, 422)
    try:
        debiting.withdraw(run, (form.note.data or "").strip(), by=me().id)
    except Illegal:
        return _refused(gettext("This is not possible any more, or not allowed."))
    db.session.commit()
    flash(gettext("The file is withdrawn; its sums are free for another one."), "success")
    return see_other(url_for("staff_debits.index"))


@blueprint.route("/entries/<int:id>", methods=["GET", "POST"])
def entry(id: int) -> Answer:
    """Show one debit and what to do next; decide where the bank's answer is not clear."""
    changes = request.method == "POST"
    row = db.session.get(DebitEntry, id, with_for_update=changes, populate_existing=changes)
    if row is None:
        abort(404)
    form = DecideForm()
    if form.validate_on_submit():
        try:
            debit_deciding.decide(row, form.chosen, (form.note.data or "").strip(), by=me().id)
        except Illegal:
            db.session.rollback()
            flash(gettext("This is not possible any more, or not allowed."), "error")
            return see_other(url_for("staff_debits.entry", id=id))
        db.session.commit()
        flash(gettext("It is decided."), "success")
        return see_other(url_for("staff_debits.entry", id=id))
    page = render_template(
        "billing/staff/debit_entry.html",
        row=row,
        state=ENTRIES[row.state],
        outcome=OUTCOMES[row.outcome] if row.outcome else "",
        next_step=NEXT.get(row.outcome) if row.outcome else None,
        again=debit_planning.next_after(row.run),
        form=form,
    )
    return page, 422 if form.is_submitted() else 200
