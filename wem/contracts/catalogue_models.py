"""Courses, options, campaigns, and price lists with their versions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.contracts import date_rules
from wem.contracts.rules import Conditions
from wem.db import Base, BigId, db


class Course(Base):
    """A course (コース); what it costs stands in the price lists."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    offered: Mapped[bool] = mapped_column(default=True)
    # What it says otherwise than the terms, by the names of `Conditions` (5-4).
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def says(self) -> Conditions:
        return Conditions(**self.conditions)


class Option(Base):
    """Something that a contract can have beside its course, for a monthly fee."""

    __tablename__ = "option"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    offered: Mapped[bool] = mapped_column(default=True)
    # First day on which nobody has it any more; announced before (3-2).
    ends_on: Mapped[date | None]


class Campaign(Base):
    """An offer for those who apply within a time; it goes before the course and the terms (5-4, 4-7)."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    course_id: Mapped[int | None] = mapped_column(sa.ForeignKey("course.id"), index=True)  # None: any
    first_day: Mapped[date]
    last_day: Mapped[date]
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    free_months: Mapped[int] = mapped_column(default=0)
    initial_free: Mapped[bool] = mapped_column(default=False)
    refund_rule: Mapped[str] = mapped_column(sa.String(500), default="")

    course: Mapped[Course | None] = relationship()

    @property
    def says(self) -> Conditions:
        return Conditions(**self.conditions)

    def holds(self, course_id: int, applied: date) -> bool:
        """Return whether an application of this day for this course falls under the campaign."""
        return self.first_day <= applied <= self.last_day and self.course_id in (None, course_id)


class TooSoon(ValueError):
    """A price list would hold before it has been public for long enough."""


class PriceList(Base):
    """One version of the fee table (料金規定); public and unchangeable once published (4-6)."""

    __tablename__ = "price_list"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    effective_from: Mapped[date]
    published_at: Mapped[datetime | None]
    adverse: Mapped[bool] = mapped_column(default=True)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    courses: Mapped[list[CoursePrice]] = relationship(back_populates="price_list", cascade="all, delete-orphan")
    options: Mapped[list[OptionPrice]] = relationship(back_populates="price_list", cascade="all, delete-orphan")

    def publish(self, least_days: int, *, by: int | None) -> None:
        """Make it public. Raises TooSoon when what is worse for customers would hold within `least_days` (A-18)."""
        if self.published_at is not None:
            return
        at = clock.now()
        if not date_rules.announced_in_time(at.date(), self.effective_from, self.adverse, least_days):
            raise TooSoon
        self.published_at = at
        audit.record("prices.publish", by=by, subject=self, effective=self.effective_from.isoformat())


class CoursePrice(Base):
    """What a course costs by one price list, in yen, net."""

    __tablename__ = "course_price"

    price_list_id: Mapped[int] = mapped_column(sa.ForeignKey("price_list.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), primary_key=True, index=True)
    initial: Mapped[int]
    # [[up to, yen a month], …] ascending.
    tiers: Mapped[list[Any]]

    price_list: Mapped[PriceList] = relationship(back_populates="courses")
    course: Mapped[Course] = relationship()


class OptionPrice(Base):
    """What an option costs a month by one price list, in yen, net."""

    __tablename__ = "option_price"

    price_list_id: Mapped[int] = mapped_column(sa.ForeignKey("price_list.id"), primary_key=True)
    option_id: Mapped[int] = mapped_column(sa.ForeignKey("option.id"), primary_key=True, index=True)
    monthly: Mapped[int]

    price_list: Mapped[PriceList] = relationship(back_populates="options")
    option: Mapped[Option] = relationship()


def price_list_on(day: date) -> PriceList | None:
    """Return the published price list that holds on a day; of several from one day the latest version."""
    return db.session.scalar(
        sa.select(PriceList)
        .where(PriceList.published_at.is_not(None), PriceList.effective_from <= day)
        .order_by(PriceList.effective_from.desc(), PriceList.version.desc())
        .limit(1)
    )


def samples_on(day: date) -> bool:
    """Return whether the prices of a day are samples and no offer: the list says so, or there is none yet."""
    current = price_list_on(day)
    return current is None or current.sample


def course_price(course_id: int, day: date) -> CoursePrice | None:
    """Return what a course costs on a day.

    A course that the list in force no longer names keeps its last price: who has it goes on paying it.
    """
    return db.session.scalar(
        sa.select(CoursePrice)
        .join(CoursePrice.price_list)
        .where(CoursePrice.course_id == course_id, PriceList.published_at.is_not(None), PriceList.effective_from <= day)
        .order_by(PriceList.effective_from.desc(), PriceList.version.desc())
        .limit(1)
    )


def option_price(option_id: int, day: date) -> OptionPrice | None:
    """Return what an option costs on a day, by the same rule."""
    return db.session.scalar(
        sa.select(OptionPrice)
        .join(OptionPrice.price_list)
        .where(OptionPrice.option_id == option_id, PriceList.published_at.is_not(None), PriceList.effective_from <= day)
        .order_by(PriceList.effective_from.desc(), PriceList.version.desc())
        .limit(1)
    )
