"""Options and campaigns of the catalogue: made, changed while nobody relies on them, ended ahead of time."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wem import clock
from wem.accounts.rules import StaffRole
from wem.contracts import catalogue_changing, describing
from wem.contracts.catalogue_changing import InUse
from wem.contracts.catalogue_models import Campaign, Course, Option, TooSoon
from wem.contracts.staff_catalogue_views import all_of, catalogue_form, kept, ranks, taken
from wem.contracts.staff_forms import CampaignForm, EditOptionForm, LastDayForm, OptionEndForm, OptionForm
from wem.db import db
from wem.settings import settings
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_offers",
    __name__,
    roles=frozenset({StaffRole.contracts, StaffRole.billing}),
    url_prefix="/staff/catalog",
)
Answer = str | tuple[str, int] | Response


def _ahead() -> str:
    days = settings().ADVERSE_NOTICE_DAYS
    return str(gettext("It is announced, and its day must lie at least %(days)s days ahead (Art. 3-2).", days=days))


# -- options


@blueprint.route("/options/new", methods=["GET", "POST"])
def new_option() -> Answer:
    form = OptionForm()
    if form.validate_on_submit() and not taken(Option, form):
        row = Option(code=form.code.data, name=form.name.data)
        db.session.add(row)
        return kept(row, "option.create")
    note = gettext("It can be chosen once a price list in force names its price.")
    return catalogue_form(gettext("New option"), form, gettext("Save"), [note])


@blueprint.route("/options/<int:id>", methods=["GET", "POST"])
def option(id: int) -> Answer:
    row, form = found_or_404(Option, id), EditOptionForm()
    used = catalogue_changing.option_used(row)
    if used:
        del form.name
    if form.validate_on_submit():
        if form.name is not None:
            row.name = form.name.data or ""
        row.offered = form.offered.data and row.ends_on is None
        return kept(row, "option.change")
    if not form.is_submitted():
        form.process(obj=row)
    return _option_page(row, form, OptionEndForm(formdata=None), used)


def _option_page(row: Option, form: EditOptionForm, end_form: OptionEndForm, used: bool) -> Answer:
    page = render_template(
        "contracts/staff/option.html",
        row=row,
        form=form,
        end_form=end_form,
        used=used,
        held=len(catalogue_changing.holders(row)),
        ahead=_ahead(),
    )
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/options/<int:id>/end")
def end_option(id: int) -> Answer:
    """End an option for everybody who has it."""
    row, form = found_or_404(Option, id), OptionEndForm()
    if form.validate():
        try:
            number = catalogue_changing.end_option(row, form.ends_on.data, by=me().id)
        except (TooSoon, InUse) as error:
            db.session.rollback()
            form.ends_on.errors = [_ahead() if isinstance(error, TooSoon) else gettext("Its end is public already.")]
        else:
            db.session.commit()
            flash(gettext("The end is announced; it concerns %(number)s contracts.", number=number), "success")
            return see_other(url_for("staff_offers.option", id=id))
    row = found_or_404(Option, id)
    return _option_page(row, EditOptionForm(formdata=None, obj=row), form, catalogue_changing.option_used(row))


# -- campaigns


def _with_courses(form: CampaignForm) -> CampaignForm:
    form.course.choices = [
        SelectChoice("", gettext("Any course")),
        *(SelectChoice(str(each.id), each.name) for each in all_of(Course)),
    ]
    return form


def _values(form: CampaignForm) -> dict[str, Any]:
    return {
        "name": form.name.data,
        "course_id": int(form.course.data) if form.course.data else None,
        "first_day": form.first_day.data,
        "last_day": form.last_day.data,
        "conditions": form.conditions(),
        "free_months": form.free_months.data or 0,
        "initial_free": form.initial_free.data,
        "refund_rule": form.refund_rule.data or "",
    }


def _show(form: CampaignForm, row: Campaign) -> None:
    for name in ("name", "first_day", "last_day", "free_months", "initial_free", "refund_rule"):
        form[name].data = getattr(row, name)
    form.course.data = str(row.course_id or "")
    form.show(row.conditions)


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
def new_campaign() -> Answer:
    """Make a campaign; with `from`, a next version of one that can no longer be changed."""
    form = _with_courses(CampaignForm())
    if form.validate_on_submit() and not taken(Campaign, form):
        row = Campaign(code=form.code.data, **_values(form))
        db.session.add(row)
        return kept(row, "campaign.create")
    earlier = request.args.get("from", type=int)
    if earlier and not form.is_submitted():
        before = found_or_404(Campaign, earlier)
        _show(form, before)
        form.code.data = _next_code(before.code)
        form.first_day.data = max(before.last_day, clock.today())
    return catalogue_form(gettext("New campaign"), form, gettext("Save"), [ranks(), _fixed()])


def _next_code(code: str) -> str:
    name, _, number = code.rpartition("-v")
    return f"{name}-v{int(number) + 1}" if name and number.isdigit() else f"{code}-v2"


def _fixed() -> str:
    return str(gettext("Once it is public or named by an application it stays as it is; only its last day may move."))


@blueprint.route("/campaigns/<int:id>", methods=["GET", "POST"])
def campaign(id: int) -> Answer:
    row = found_or_404(Campaign, id)
    if not catalogue_changing.campaign_free(row):
        return _fixed_campaign(row, LastDayForm(last_day=row.last_day))
    form = _with_courses(CampaignForm(code=row.code))
    form.code.data = row.code
    if form.validate_on_submit():
        for name, value in _values(form).items():
            setattr(row, name, value)
        return kept(row, "campaign.change")
    if not form.is_submitted():
        _show(form, row)
    page = render_template("contracts/staff/campaign.html", row=row, form=form, notes=[ranks(), _fixed()])
    return page, 422 if form.is_submitted() else 200


def _fixed_campaign(row: Campaign, form: LastDayForm) -> Answer:
    """Show a campaign that stands; its last day alone can move."""
    if form.validate_on_submit():
        assert form.last_day.data is not None
        try:
            catalogue_changing.move_last_day(row, form.last_day.data, by=me().id)
        except TooSoon:
            db.session.rollback()
            form.last_day.errors = [_ahead()]
        else:
            db.session.commit()
            flash(gettext("Saved."), "success")
            return see_other(url_for("staff_catalogue.index"))
    page = render_template(
        "contracts/staff/campaign_fixed.html",
        row=row,
        form=form,
        over=row.last_day < clock.today(),
        said=describing.conditions(row.says),
        ahead=_ahead(),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/campaigns/<int:id>/removal")
def take_back(id: int) -> Answer:
    row = found_or_404(Campaign, id)
    try:
        catalogue_changing.take_back(row, by=me().id)
    except InUse:
        db.session.rollback()
        flash(gettext("The campaign is public or in use: it can only end."), "error")
        return see_other(url_for("staff_offers.campaign", id=id))
    db.session.commit()
    flash(gettext("The campaign is deleted."), "success")
    return see_other(url_for("staff_catalogue.index"))
