"""Bank statements on staff's screens: a file is read, and what came in by it waits for whose it is (7-1b)."""

from __future__ import annotations

from typing import cast

from flask import flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.billing import matching
from wem.billing.payment_forms import FileForm
from wem.billing.payment_models import DoubtfulLine
from wem.billing.staff_payment_views import payments_page
from wem.billing.statement_rules import BadStatement
from wem.billing.wording import STATEMENT_FAULTS
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_statements", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/payments"
)
Answer = str | tuple[str, int] | Response
MOST_BYTES = 20 * 1024 * 1024


@blueprint.post("/statements")
def read() -> Answer:
    """Read a bank's file; nothing is settled before somebody confirms whose each payment is."""
    form = FileForm()
    if not form.validate():
        return payments_page(form, 422)
    content = cast(bytes, form.file.data.read(MOST_BYTES + 1))
    try:
        found = matching.read(content[:MOST_BYTES], form.file.data.filename or "", by=me().id)
    except matching.ReadBefore:
        return payments_page(FileForm(formdata=None), 422, refused=gettext("This very file was read before."))
    except BadStatement as bad:
        why = STATEMENT_FAULTS[bad.fault]
        said = gettext("Line %(line)s: %(why)s", line=bad.line, why=why)
        return payments_page(FileForm(formdata=None), 422, refused=said)
    said = gettext(
        "%(new)s payments are new, %(known)s were known, %(skipped)s lines were no money that came in.",
        new=found.statement.new,
        known=found.statement.known,
        skipped=found.statement.skipped,
    )
    db.session.commit()
    flash(said, "success")
    if found.in_doubt:
        flash(gettext("%(count)s lines may have come before: please say what they are.", count=found.in_doubt), "info")
    return see_other(url_for("staff_payments.index"))


@blueprint.post("/lines/<int:id>/<any(another,same):answer>")
def say(id: int, answer: str) -> Answer:
    """Say whether a line in doubt is another payment, or the one that an earlier file has brought."""
    line = db.session.get(DoubtfulLine, id, with_for_update=True)
    if line is None:
        flash(gettext("Somebody else has said it meanwhile."), "info")
    elif answer == "another":
        matching.another(line, by=me().id)
        flash(gettext("It is entered as a payment of its own."), "success")
    else:
        matching.same(line, by=me().id)
        flash(gettext("It counts once."), "success")
    db.session.commit()
    return see_other(url_for("staff_payments.index"))
