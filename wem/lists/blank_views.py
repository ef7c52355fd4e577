"""A list's blank mail (空メール): its dedicated address, when it is open, the answers, QR codes, counts."""

from __future__ import annotations

import io

import segno
from flask import Response as FlaskResponse
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import blank_addresses, blank_emails, blank_mail
from wem.lists.blank_addresses import CannotLend
from wem.lists.blank_emails import Answer, Setting
from wem.lists.blank_forms import BlankMailForm, CodeForm
from wem.lists.blank_mail_models import BlankMail, LentAddress
from wem.lists.blank_rules import CodeProblem, Order, taking
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.senders import sender_for
from wem.lists.views import list_or_404
from wem.outbox import SystemMail
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.session import ours

blueprint = CustomerBlueprint("blank_mail", __name__, use=Use.manage)
Page = str | tuple[str, int] | Response

CODE_PROBLEMS = {
    CodeProblem.form: _l("Use 3 to 30 letters a–z, digits and hyphens, not “-stop” at the end."),
    CodeProblem.taken: _l("This name is taken, or was given up less than 12 months ago. Please choose another one."),
}
# A reader who does not exist, for the look at the answers.
SAMPLE, SAMPLE_URL = "hanako@example.jp", "https://…/c/…"


@blueprint.get("/lists/<int:id>/blank-mail")
def show(id: int) -> Page:
    mailing_list = list_or_404(id)
    lent = blank_addresses.lent_to(mailing_list.id)
    if lent is None:
        return _without_address(mailing_list, CodeForm())
    form = BlankMailForm()
    form.show(db.session.get_one(BlankMail, mailing_list.id))
    return _page(mailing_list, lent, form)


@blueprint.post("/lists/<int:id>/blank-mail")
def change(id: int) -> Page:
    """Save when it is open and the words of the answers."""
    mailing_list, lent = _lent(id)
    form = BlankMailForm()
    if not form.validate_on_submit():
        return _page(mailing_list, lent, form), 422
    form.keep(db.session.get_one(BlankMail, mailing_list.id))
    _, account = ours()
    audit.record("blank_mail.change", by=account.id, customer_id=mailing_list.customer_id, subject=mailing_list)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("blank_mail.show", id=id))


@blueprint.post("/lists/<int:id>/blank-mail/address")
def lend(id: int) -> Page:
    """Have an address lent under the name that was chosen."""
    mailing_list = list_or_404(id)
    form = CodeForm()
    if not form.validate_on_submit():
        return _with_code(mailing_list, form), 422
    _, account = ours()
    try:
        blank_addresses.lend(mailing_list, form.code.data or "", by=account.id)
    except CannotLend as error:
        db.session.rollback()
        form.code.errors = [str(CODE_PROBLEMS[error.problem])]
        return _with_code(list_or_404(id), form), 422
    db.session.commit()
    flash(gettext("The dedicated address is ready. Mails to it are answered from now on."), "success")
    return see_other(url_for("blank_mail.show", id=id))


@blueprint.post("/lists/<int:id>/blank-mail/made-address")
def make(id: int) -> Page:
    """Have an address lent under a name that we make up."""
    mailing_list = list_or_404(id)
    _, account = ours()
    blank_addresses.lend(mailing_list, blank_addresses.made_code(), by=account.id)
    db.session.commit()
    flash(gettext("The dedicated address is ready. Mails to it are answered from now on."), "success")
    return see_other(url_for("blank_mail.show", id=id))


@blueprint.post("/lists/<int:id>/blank-mail/give-up")
def give_up(id: int) -> Page:
    _, lent = _lent(id)
    _, account = ours()
    blank_addresses.give_back(lent, by=account.id)
    db.session.commit()
    flash(gettext("The dedicated address is given up. Nobody gets it for 12 months."), "info")
    return see_other(url_for("blank_mail.show", id=id))


@blueprint.get("/lists/<int:id>/blank-mail/qr-mailto.svg", defaults={"form": "mailto", "kind": "svg"})
@blueprint.get("/lists/<int:id>/blank-mail/qr-mailto.png", defaults={"form": "mailto", "kind": "png"})
@blueprint.get("/lists/<int:id>/blank-mail/qr-matmsg.svg", defaults={"form": "matmsg", "kind": "svg"})
@blueprint.get("/lists/<int:id>/blank-mail/qr-matmsg.png", defaults={"form": "matmsg", "kind": "png"})
def qr(id: int, form: str, kind: str) -> Page:
    """The sign-up address as a QR code: `mailto:` for today's phones, `MATMSG:` for the old ones."""
    lent = blank_addresses.lent_to(list_or_404(id).id)
    if lent is None:
        return see_other(url_for("blank_mail.show", id=id))
    address = blank_addresses.address_of(lent.code)
    text = f"mailto:{address}" if form == "mailto" else f"MATMSG:TO:{address};SUB:;BODY:;;"
    out = io.BytesIO()
    options = {"scale": 6, "xmldecl": True} if kind == "svg" else {"scale": 12}
    segno.make(text, error="m", micro=False).save(out, kind=kind, border=4, **options)
    name = f"blank-mail-{form}.{kind}"
    headers = {"Content-Disposition": f"{'inline' if kind == 'svg' else 'attachment'}; filename={name}"}
    return FlaskResponse(out.getvalue(), mimetype="image/svg+xml" if kind == "svg" else "image/png", headers=headers)


def _lent(id: int) -> tuple[MailingList, LentAddress]:
    mailing_list = list_or_404(id)
    lent = blank_addresses.lent_to(mailing_list.id)
    if lent is None:
        abort(404)
    return mailing_list, lent


def _without_address(mailing_list: MailingList, code: CodeForm) -> str:
    return render_template("lists/blank_mail_new.html", list=mailing_list, code=code, domain=_domain())


def _with_code(mailing_list: MailingList, code: CodeForm) -> str:
    lent = blank_addresses.lent_to(mailing_list.id)
    if lent is None:
        return _without_address(mailing_list, code)
    form = BlankMailForm(formdata=None)
    form.show(db.session.get_one(BlankMail, mailing_list.id))
    return _page(mailing_list, lent, form, code)


def _page(mailing_list: MailingList, lent: LentAddress, form: BlankMailForm, code: CodeForm | None = None) -> str:
    row = db.session.get_one(BlankMail, mailing_list.id)
    sender = sender_for(mailing_list.customer_id)
    setting = blank_mail.setting_of(mailing_list, lent.code, sender, form.texts)
    takes = taking(row.on, row.opens_at, row.closes_at, clock.now())
    return render_template(
        "lists/blank_mail.html",
        list=mailing_list,
        lent=lent,
        row=row,
        form=form,
        code=code or CodeForm(formdata=None),
        domain=_domain(),
        address=blank_addresses.address_of(lent.code),
        way_out=blank_addresses.address_of(lent.code, Order.stop),
        open=takes and mailing_list.sign_up_open and sender.open,
        answers=_answers(setting),
    )


def _answers(setting: Setting) -> dict[str, SystemMail]:
    """Return each answer as an invented reader would get it."""
    notice = notice_for(setting.sender.name, setting.language).lines
    return {
        Answer.link.value: blank_emails.link(SAMPLE, setting, notice, SAMPLE_URL),
        Answer.already.value: blank_emails.already(SAMPLE, setting, "https://…/p/…"),
        Answer.closed.value: blank_emails.closed(SAMPLE, setting),
        Answer.stopped.value: blank_emails.stopped(SAMPLE, setting, was_on=True, preferences=""),
    }


def _domain() -> str:
    return blank_addresses.address_of("").lstrip()
