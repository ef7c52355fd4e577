"""Starting a sequence after a look at all of it; pausing, going on, ending."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import queue
from wem.accounts.rules import WRITERS
from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import checking
from wem.mailings.start_problems import CannotStart, Problem
from wem.sequences import controlling, entering, standing
from wem.sequences.controlling import NoSteps, StillPausing
from wem.sequences.forms import StartForm
from wem.sequences.models import NotPossible, Sequence
from wem.sequences.rules import SequenceKind, SequenceState
from wem.sequences.views import label_of, when_of
from wem.sequences.wording import CANNOT_GO_ON
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("sequence_control", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)


@blueprint.route("/sequences/<int:id>/start", methods=["GET", "POST"])
@writers_only
def start(id: int) -> Answer:
    """What each mail still lacks, who would come in, and the button that starts it."""
    _, account = ours()
    sequence = owned_or_404(Sequence, id)
    if sequence.state is not SequenceState.draft or not sequence.steps:
        return _moved_on(id)
    form = StartForm()
    if form.validate_on_submit():
        try:
            with_present = sequence.kind is SequenceKind.sign_up and form.with_present.data
            runs = controlling.start(sequence, with_present=with_present, by=account.id)
        except NotPossible:
            db.session.rollback()
            return _moved_on(id)
        except (CannotStart, NoSteps):
            db.session.rollback()
            sequence = owned_or_404(Sequence, id)
            flash(gettext("It cannot be started yet. Please see what is missing."), "error")
        else:
            if runs:
                queue.ring(queue.WORK, "wem.sequences.jobs.follow", id)
                flash(gettext("Sequence started."), "success")
            else:
                flash(
                    gettext("Our staff review the emails first. It starts automatically once all are approved."),
                    "info",
                )
            db.session.commit()
            return see_other(url_for("sequences.show", id=id))
    found = [(step, checking.checks(step.mailing)) for step in sequence.steps]
    return render_template(
        "sequences/start.html",
        sequence=sequence,
        label=label_of(sequence),
        found=found,
        refused=any(checking.refused(checks) for _, checks in found),
        when={step.id: when_of(step, sequence) for step in sequence.steps},
        dated=entering.dated(sequence) if sequence.kind is SequenceKind.date else 0,
        form=form,
    )


@blueprint.post("/sequences/<int:id>/take-back")
def take_back(id: int) -> Answer:
    return _act(id, controlling.take_back, gettext("It is a draft again."))


@blueprint.post("/sequences/<int:id>/pause")
def pause(id: int) -> Answer:
    return _act(id, controlling.pause, gettext("Sequence paused. Emails already in progress are still sent."))


@blueprint.post("/sequences/<int:id>/resume")
def resume(id: int) -> Answer:
    return _act(id, controlling.resume, gettext("Sequence resumed."), follow=True)


@blueprint.post("/sequences/<int:id>/end")
def end(id: int) -> Answer:
    return _act(id, controlling.end, gettext("Sequence ended. Emails already sent cannot be recalled."))


def _act(id: int, act: Callable[..., None], done: str, *, follow: bool = False) -> Answer:
    _, account = ours()
    sequence = owned_or_404(Sequence, id)
    try:
        act(sequence, by=account.id)
    except NotPossible:
        db.session.rollback()
        return _moved_on(id)
    except StillPausing:
        db.session.rollback()
        flash(gettext("Emails in progress are still being finished. Please try again in a minute."), "info")
        return see_other(url_for("sequences.show", id=id))
    except CannotStart as error:
        db.session.rollback()
        flash(_why(error, owned_or_404(Sequence, id)), "error")
        return see_other(url_for("sequences.show", id=id))
    if follow:
        queue.ring(queue.WORK, "wem.sequences.jobs.follow", id)
    waits = follow and standing.waits(sequence)
    db.session.commit()
    flash(done, "success")
    if waits:
        flash(gettext("Maintenance is in progress. Due emails are sent automatically afterwards."), "info")
    return see_other(url_for("sequences.show", id=id))


def _why(error: CannotStart, sequence: Sequence) -> str:
    if error.problems[0] is not Problem.contract:
        return str(CANNOT_GO_ON[error.problems[0]])
    closed = describing.why_closed(contract_in_force(sequence.customer_id), Use.send)
    return f"{closed} {gettext('See the contract page, or contact the help desk.')}"


def _moved_on(id: int) -> Answer:
    flash(gettext("The sequence's status has changed in the meantime. Please check it again."), "info")
    return see_other(url_for("sequences.show", id=id))
