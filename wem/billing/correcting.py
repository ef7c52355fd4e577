"""Corrects what was issued: never by changing it, always by further documents that name it (消法 57条の4, [S-51])."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.billing import falling_due, invoice_rules, issuing
from wem.billing.invoice_models import Invoice, following, issued
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.models import Receivable
from wem.billing.rules import InvoiceKind, Occasion, ReceivableKind
from wem.bounces.models import Bounce
from wem.contracts.date_rules import DAY, month_start
from wem.contracts.models import Contract
from wem.db import db


class NotCorrectable(ValueError):
    """It is a return, was replaced already, or more would be given back than was charged."""


def may_correct(row: Invoice) -> bool:
    """Return whether an invoice can be replaced: one that nothing has replaced yet."""
    replaced = any(each.kind is InvoiceKind.invoice for each in following(row.id))
    return row.kind is InvoiceKind.invoice and not replaced and left(row) > 0


def left(row: Invoice) -> int:
    """Return what of an invoice has not been given back, in yen net."""
    return row.net + sum(each.net for each in following(row.id) if each.kind is InvoiceKind.give_back)


def claimed(row: Invoice) -> int:
    """Return what of a claim against a third party has not been given back, in yen with tax."""
    return row.total + sum(each.total for each in following(row.id) if each.kind is InvoiceKind.give_back)


def left_by_rate(row: Invoice) -> dict[int, int]:
    """Return what of an invoice has not been given back, in yen net, by the percentage of tax."""
    nets = {each.rate: each.net for each in row.taxes}
    for back in (each for each in following(row.id) if each.kind is InvoiceKind.give_back):
        for each in back.taxes:
            nets[each.rate] = nets.get(each.rate, 0) + each.net
    return nets


def standing(row: Invoice) -> Invoice:
    """Return the invoice that stands in an invoice's place by now: itself, while nothing has replaced it."""
    for each in following(row.id):
        if each.kind is InvoiceKind.invoice:
            return standing(each)
    return row


def left_of_month(row: Invoice, month: date) -> list[Line]:
    """Return the lines of an invoice that are for one month, of the one in its place when it was replaced.

    At most what has not been given back: then that, as one line of the invoice's own words.
    """
    row = standing(row)
    lines = [line for line in lines_of(row) if line.month == month]
    left = left_by_rate(row)
    found = []
    for rate in dict.fromkeys(line.rate for line in lines):
        mine = [line for line in lines if line.rate == rate]
        amount = sum(line.amount for line in mine)
        if amount <= left[rate]:
            found += mine
        elif left[rate] > 0:
            found.append(replace(mine[0], amount=left[rate], quantity=1, unit=None))
    return found


def lines_of(row: Invoice) -> list[Line]:
    """Return the lines of a document as the rules take them, their words as they were written."""
    return [
        Line(ItemKind.other, each["amount"], date.fromisoformat(each["month"]) if each.get("month") else None,
             each["label"], quantity=each["quantity"], unit=each["unit"], rate=each["rate"])
        for each in row.lines
    ]  # fmt: skip


def negated(lines: Sequence[Line]) -> list[Line]:
    return [replace(line, amount=-line.amount) for line in lines]


def check(row: Invoice, lines: Sequence[Line], *, part: bool) -> None:
    """Raise NotCorrectable unless these lines can be given back of an invoice, or stand on the one in its place."""
    if part:
        if row.kind is not InvoiceKind.invoice or not _within(lines, left_by_rate(row)):
            raise NotCorrectable(row.number)
        return
    if not may_correct(row) or left(row) != row.net:
        raise NotCorrectable(row.number)
    if row.third_party and row.settled_on and invoice_rules.total(invoice_rules.taxes(lines)) > row.total:
        raise NotCorrectable(row.number)


def replace_by(
    row: Invoice,
    lines: Sequence[Line],
    note: str,
    *,
    by: int | None,
    recipient: dict[str, str] | None = None,
    period: tuple[date, date] | None = None,
) -> tuple[Invoice, Invoice]:
    """Return (the return of the whole invoice, the one that takes its place); the caller commits.

    What was paid on the old one counts for the new one, which is for the same days unless told. A claim against a third
    party is replaced by a claim; one that was paid is followed by one of at most as much. Raises NotCorrectable.
    """
    check(row, lines, part=False)
    contract, lines = row.contract, _with_months(lines, row)
    month, was_for = month_start(clock.today()), period_of(row)
    back = issuing.issue(
        contract,
        negated(lines_of(row)),
        Reason(
            f"correction {row.id} return", _occasion(row), month, period=was_for, corrects=row, note=note,
            recipient=row.recipient,
        ),
        by=by,
    )  # fmt: skip
    if not row.third_party:
        issuing.set_off(back)
    due = falling_due.kept(contract, row.due_on)
    new = issuing.issue(
        contract,
        lines,
        Reason(
            f"correction {row.id}",
            _occasion(row),
            month,
            due,
            period or was_for,
            row,
            note,
            row.evidence,
            recipient=recipient or row.recipient,
        ),
        by=by,
    )
    if row.third_party:
        back.set_off = -back.total - (row.total - new.total if row.settled_on else 0)
        new.settled_on = row.settled_on
        return back, new
    kind = db.session.scalar(sa.select(Receivable.kind).where(Receivable.invoice_id == row.id))
    issuing.owe(new, kind or ReceivableKind.other, receivable_text(row.month))
    return back, new


def _occasion(row: Invoice) -> Occasion:
    """Return why a correction is issued: what follows a claim against a third party is not the customer's either."""
    return Occasion.third_party if row.third_party else Occasion.correction


def _with_months(lines: Sequence[Line], row: Invoice) -> list[Line]:
    """Return typed lines with the months of those that they replace, by their words, else the only month there is."""
    known = {each["label"]: each["month"] for each in row.lines if each.get("month")}
    only = next(iter(known.values())) if len({*known.values()}) == 1 and len(known) == len(row.lines) else None
    found = []
    for line in lines:
        month = known.get(line.name, only)
        found.append(replace(line, month=date.fromisoformat(month)) if month and line.month is None else line)
    return found


def give_back(row: Invoice, lines: Sequence[Line], note: str, *, by: int, token: str) -> Invoice:
    """Return the return invoice for a part of an invoice, `lines` being what is given back. Raises NotCorrectable.

    `token` is the form's: the same form twice is one return. Of what a third party has paid it goes back by a refund;
    before that it is claimed no more.
    """
    once = f"part {row.id} {token}"
    known = issued(once)
    if known is not None:
        return known
    check(row, lines, part=True)
    back = issuing.issue(
        row.contract,
        negated(lines),
        Reason(
            once, _occasion(row), month_start(clock.today()), period=period_of(row),
            corrects=row, note=note, recipient=row.recipient,
        ),
        by=by,
    )  # fmt: skip
    if not row.third_party:
        issuing.set_off(back)
    elif not row.settled_on:
        back.set_off = -back.total
    return back


def _within(lines: Sequence[Line], left: dict[int, int]) -> bool:
    """Return whether lines give something back, and of no rate more than is left: its tax goes back with it."""
    sums: dict[int, int] = {}
    for line in lines:
        sums[line.rate] = sums.get(line.rate, 0) + line.amount
    return sum(sums.values()) > 0 and all(0 <= net <= left.get(rate, 0) for rate, net in sums.items())


def period_of(row: Invoice) -> tuple[date, date] | None:
    """Return the first and last day that an invoice is for, None when it names none."""
    return (row.period_from, row.period_to) if row.period_from and row.period_to else None


def by_hand(
    contract: Contract,
    lines: Sequence[Line],
    due_on: date,
    note: str,
    *,
    by: int,
    occasion: Occasion = Occasion.by_hand,
    period: tuple[date, date] | None = None,
    recipient: dict[str, str] | None = None,
    token: str,
) -> Invoice:
    """Return an invoice of what staff typed; a claim of costs carries the numbers that it stands on (12特約).

    `token` is the form's: the same form twice is one invoice. A third party's debt is not the contract's.
    """
    evidence = None
    if period is not None and occasion in (Occasion.cost, Occasion.third_party):
        evidence = failures(contract.customer_id, *period)
    invoice = issuing.issue(
        contract,
        lines,
        Reason(f"hand {token}", occasion, month_start(clock.today()), due_on, period, None, note, evidence, recipient),
        by=by,
    )
    if occasion is not Occasion.third_party:
        issuing.owe(invoice, ReceivableKind.other, invoice.lines[0]["label"][:100])
    return invoice


def failures(customer_id: int, first: date, last: date) -> dict[str, Any]:
    """Return how many mails of a customer came back in a period, by reason, and of how many mailings; no addresses."""
    begin, end = (clock.midnight(day) for day in (first, last + DAY))
    mine = sa.and_(Bounce.customer_id == customer_id, Bounce.at >= begin, Bounce.at < end)
    reasons = db.session.execute(
        sa.select(Bounce.reason, sa.func.count()).where(mine).group_by(Bounce.reason).order_by(Bounce.reason)
    ).all()
    mailings = db.session.scalar(sa.select(sa.func.count(sa.distinct(Bounce.mailing_id))).where(mine))
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "failures": sum(count for _, count in reasons),
        "mailings": mailings or 0,
        "reasons": {reason.name: count for reason, count in reasons},
    }
