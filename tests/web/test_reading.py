"""NUL in what a browser sends: left out where text is, not found where a page is asked for."""

import io

import pytest

from wem.billing.models import Receivable
from wem.db import db


@pytest.mark.both_databases
def test_left_out_of_fields_and_query(world, browser_for):
    staff, id = browser_for(world.admin), world.ours.contract.id
    given = {"label": "3月\x00分", "amount": "3300", "due_on": "2026-03-27"}
    assert staff.post(f"/staff/contracts/{id}/receivables", given).status == 303
    assert db.session.query(Receivable).one().label == "3月分"
    assert staff.get("/staff/contracts?q=%00%E9%AB%99%E6%A9%8B").status == 200


def test_left_out_of_names_of_files(world, browser_for):
    staff, id = browser_for(world.admin), world.ours.contract.id
    given = {"ground": "unfit", "scope": "whole", "evidence": "記録", "file": (io.BytesIO(b"x"), "a\x00b.txt")}
    page = staff.post(f"/staff/contracts/{id}/termination", given, content_type="multipart/form-data")
    assert page.status == 303 and "ab.txt" in staff.get(page.location).html


@pytest.mark.both_databases
def test_no_page_has_one(world, public):
    assert public.get("/h/%00").status == 404
