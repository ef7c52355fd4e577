"""The catalogue: courses, and price lists with their versions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.contracts import catalogue, catalogue_changing, describing
from wem.contracts.catalogue_models import (
    Campaign,
    Course,
    CoursePrice,
    Option,
    OptionPrice,
    PriceList,
    TooSoon,
    price_list_on,
)
from wem.contracts.staff_forms import (
    CourseForm,
    CoursePriceForm,
    NewCourseForm,
    OptionPriceForm,
    PriceListForm,
)
from wem.db import db
from wem.settings import settings
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_catalogue",
    __name__,
    roles=frozenset({StaffRole.contracts, StaffRole.billing}),
    url_prefix="/staff/catalog",
)
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    current = price_list_on(clock.today())
    return render_template(
        "contracts/staff/catalogue.html",
        courses=all_of(Course),
        options=all_of(Option),
        campaigns=all_of(Campaign),
        lists=db.session.scalars(sa.select(PriceList).order_by(PriceList.version.desc())).all(),
        current=current,
        prices={each.course_id: each for each in current.courses} if current else {},
        option_prices={each.option_id: each.monthly for each in current.options} if current else {},
        today=clock.today(),
    )


def all_of(kind: Any) -> Any:
    """Return every row of a part of the catalogue."""
    return db.session.scalars(sa.select(kind).order_by(kind.id)).all()


def catalogue_form(title: str, form: Any, label: str, notes: list[str] | None = None) -> Answer:
    """Return the page of a form, 422 after it was sent."""
    page = render_template(
        "contracts/staff/act.html",
        title=title,
        back_url=url_for("staff_catalogue.index"),
        back_label=gettext("Catalogue"),
        form=form,
        label=label,
        notes=notes or [],
    )
    return page, 422 if form.is_submitted() else 200


def kept(row: Any, action: str) -> Response:
    """Commit what was made or changed, with its trace."""
    db.session.flush()
    audit.record(action, by=me().id, subject=row, name=row.name)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("staff_catalogue.index"))


def taken(kind: Any, form: Any) -> bool:
    """Return whether the code is another's; then the form says so."""
    if db.session.scalar(sa.select(kind.id).where(kind.code == form.code.data)) is None:
        return False
    form.code.errors = [gettext("This code is taken.")]
    return True


@blueprint.route("/courses/new", methods=["GET", "POST"])
def new_course() -> Answer:
    form = NewCourseForm()
    if form.validate_on_submit() and not taken(Course, form):
        row = Course(code=form.code.data, name=form.name.data, offered=form.offered.data, conditions=form.conditions())
        db.session.add(row)
        return kept(row, "course.create")
    note = gettext("It can be chosen once a price list in force names its price.")
    return catalogue_form(gettext("New course"), form, gettext("Save"), [ranks(), note])


def ranks() -> str:
    """Return the sentence about what goes before what (5-4)."""
    return str(
        gettext("Campaign goes before course, course before the terms. What applies is copied into each new contract.")
    )


@blueprint.route("/courses/<int:id>", methods=["GET", "POST"])
def course(id: int) -> Answer:
    row = found_or_404(Course, id)
    form = CourseForm(name=row.name, offered=row.offered)
    if form.validate_on_submit():
        row.name, row.offered, row.conditions = form.name.data or "", form.offered.data, form.conditions()
        return kept(row, "course.change")
    if not form.is_submitted():
        form.show(row.conditions)
    note = gettext("Contracts that are there keep what was agreed.")
    return catalogue_form(gettext("Course %(name)s", name=row.name), form, gettext("Save"), [ranks(), note])


@blueprint.route("/prices/new", methods=["GET", "POST"])
def new_prices() -> Answer:
    form = PriceListForm()
    if form.validate_on_submit():
        assert form.effective_from.data is not None
        row = catalogue.draft_prices(
            form.effective_from.data,
            form.adverse.data,
            form.note.data or "",
            sample=form.sample.data,
            by=me().id,
        )
        db.session.commit()
        return see_other(url_for("staff_catalogue.prices", id=row.id))
    days = settings().ADVERSE_NOTICE_DAYS
    note = gettext("What is worse for customers must be public %(days)s days before it holds (Art. 4-6).", days=days)
    return catalogue_form(gettext("New price list"), form, gettext("Make a draft"), [note])


@blueprint.get("/prices/<int:id>")
def prices(id: int) -> Answer:
    row = found_or_404(PriceList, id)
    return render_template(
        "contracts/staff/prices.html",
        row=row,
        courses=sorted(row.courses, key=lambda each: each.course_id),
        options=sorted(row.options, key=lambda each: each.option_id),
        unpriced=[each for each in all_of(Course) if each.id not in {price.course_id for price in row.courses}],
        unpriced_options=[each for each in all_of(Option) if each.id not in {price.option_id for price in row.options}],
        days=settings().ADVERSE_NOTICE_DAYS,
    )


def _draft(id: int) -> PriceList:
    """Return a price list that can still be changed; 404 once it is public."""
    row = found_or_404(PriceList, id)
    if row.published_at is not None:
        abort(404)
    return row


def _of_list(title: str, form: Any, id: int, notes: list[str] | None = None) -> Answer:
    page = render_template(
        "contracts/staff/act.html",
        title=title,
        back_url=url_for("staff_catalogue.prices", id=id),
        back_label=gettext("Price list"),
        form=form,
        label=gettext("Save"),
        notes=notes or [],
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/prices/<int:id>/courses/<int:course_id>", methods=["GET", "POST"])
def course_price(id: int, course_id: int) -> Answer:
    row, offered, form = _draft(id), found_or_404(Course, course_id), CoursePriceForm()
    price = db.session.get(CoursePrice, (id, course_id))
    if form.validate_on_submit():
        if price is None:
            price = CoursePrice(price_list=row, course=offered, initial=0, tiers=[])
            db.session.add(price)
        price.initial, price.tiers = form.initial.data or 0, form.pairs
        audit.record("prices.change", by=me().id, subject=row, name=offered.name)
        db.session.commit()
        return see_other(url_for("staff_catalogue.prices", id=id))
    if price is not None and not form.is_submitted():
        form.initial.data = price.initial
        form.tiers.data = "\n".join(f"{up_to} {fee}" for up_to, fee in price.tiers)
    note = gettext("One tier a line: up to how many addresses, a space, yen a month (net).")
    return _of_list(gettext("Price of %(name)s", name=offered.name), form, id, [note])


@blueprint.route("/prices/<int:id>/options/<int:option_id>", methods=["GET", "POST"])
def option_price(id: int, option_id: int) -> Answer:
    row, offered, form = _draft(id), found_or_404(Option, option_id), OptionPriceForm()
    price = db.session.get(OptionPrice, (id, option_id))
    if form.validate_on_submit():
        if price is None:
            price = OptionPrice(price_list=row, option=offered, monthly=0)
            db.session.add(price)
        price.monthly = form.monthly.data or 0
        audit.record("prices.change", by=me().id, subject=row, name=offered.name)
        db.session.commit()
        return see_other(url_for("staff_catalogue.prices", id=id))
    if price is not None and not form.is_submitted():
        form.monthly.data = price.monthly
    return _of_list(gettext("Price of %(name)s", name=offered.name), form, id)


@blueprint.post("/prices/<int:id>/publication")
def publish(id: int) -> Answer:
    row = _draft(id)
    days = int(settings().ADVERSE_NOTICE_DAYS)
    try:
        catalogue_changing.publish_prices(row, by=me().id)
    except TooSoon:
        db.session.rollback()
        flash(
            gettext("Too soon: what is worse for customers must be public %(days)s days before it holds.", days=days),
            "error",
        )
    else:
        db.session.commit()
        day = describing.in_japanese(row.effective_from)
        flash(gettext("The price list is public and holds from %(day)s.", day=day), "success")
    return see_other(url_for("staff_catalogue.prices", id=id))
