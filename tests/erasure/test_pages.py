"""Erasure on staff's screens: what comes next and why it waits, hold and release, the record, the customer's paper."""

import pytest
import sqlalchemy as sa

from tests.erasure.test_erasing import ENDED, at, ends, swept
from tests.factories import make_account
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.erasure.models import ConsentKeeping, Erasure, ErasureHold
from wem.erasure.rules import Phase


def staff(role):
    account = make_account(f"{role.value} 担当", staff_role=role)
    db.session.commit()
    return account


def test_from_the_end_to_the_record(world, browser_for):
    browser, contract = browser_for(world.admin), world.ours.contract
    path = f"/staff/erasures/contracts/{contract.id}"
    page = browser.get("/staff/erasures").text
    assert "消去を待っているご契約はありません" in page and "CUSTOMER_KEPT_MONTHS" in page
    assert "ご契約は有効です" in browser.get(path).text
    with at(ENDED):
        browser = browser_for(world.admin)
        ends(contract)
        assert world.ours.customer.name in browser.get("/staff/erasures").text
        assert browser.submit(path, {"reason": ""}, action=f"{path}/hold").status == 303
        assert db.session.scalar(sa.select(ErasureHold.id)) is None
        assert browser.submit(path, {"reason": "裁判所の命令"}, action=f"{path}/hold").status == 303
        assert "裁判所の命令" in browser.get(path).text
    with at("2026-08-02T00:00"):
        browser = browser_for(world.admin)
        swept()
        assert db.session.scalar(sa.select(Erasure.id)) is None
        assert "担当者が保留しています" in browser.get("/staff/erasures").text
        # It says what will go, with the number, before it does.
        assert "読者3件" in browser.get(path).text
        assert browser.post(f"{path}/release").status == 303
        assert browser.submit(path, {"months": "36", "why": "通信販売"}, action=f"{path}/keeping").status == 303
        assert db.session.scalar(sa.select(ConsentKeeping.months)) == 36
        assert browser.get(f"{path}/consent-record").status == 404
        swept()
        row = db.session.scalars(sa.select(Erasure)).one()
        page = browser.get(path).text
        assert row.number in page and "同意記録の定型部分" in page and row.phase is Phase.readers
        answer = browser.get(f"{path}/consent-record").response
        assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")
        assert row.number in browser.get("/staff/erasures").text


@pytest.mark.parametrize(
    ("role", "sees", "acts"),
    [(StaffRole.contracts, 200, 303), (StaffRole.operations, 200, 403), (StaffRole.support, 403, 403)],
)
def test_who_may_what(world, browser_for, role, sees, acts):
    browser = browser_for(staff(role))
    path = f"/staff/erasures/contracts/{world.ours.contract.id}"
    assert browser.get("/staff/erasures").status == sees and browser.get(path).status == sees
    assert browser.post(f"{path}/hold", {"reason": "x"}).status == acts
