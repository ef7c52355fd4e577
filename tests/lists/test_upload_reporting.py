"""The report of refused rows: by reason, with what stood there, never with a readable address."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.factories import World, make_field
from tests.lists.uploads import DATA, begin_applying, checked, upload_by_screen, work
from tests.page import Browser
from wem.db import db
from wem.lists.states import FieldKind, UploadKind

READABLE = re.compile(r"[A-Za-z0-9._+-]{2,}@[a-z0-9.-]+\.(?:jp|com|net|example)")


def test_refused_rows_are_told_by_reason_with_what_stood_there(
    world: World, browser_for: Callable[..., Browser]
) -> None:
    rows = [f"r{n}@x.example,2026/13/{n}\n" for n in range(10, 30)] + ["taro.x.example,\n", "なし,\n"]
    rows += ["r1@x.example,jiro@y.example\n", "r1@x.example,\n", "r1@x.example,\n"]
    content = "メールアドレス,生年月日\n" + "".join(rows)
    world.ours.contract.attested_uploads = True
    make_field(world.ours.customer, "生年月日", kind=FieldKind.date)
    upload = checked(world.ours, content.encode())
    browser, here = browser_for(world.ours.owner), f"/lists/{upload.list_id}/imports/{upload.id}"
    page = browser.get(here)
    reasons = [row.get_text(" ", strip=True) for row in page.soup.select("#reasons tbody tr")]
    assert len(reasons) == 4 and "20" in reasons[0] and "1行目：「2026/13/10」" in reasons[0] and "…" in reasons[0]
    said = " ".join(reasons)
    assert "21行目：「t****」" in said and "22行目：「なし」" in said and "23行目：「j****@y.example」" in said
    report = browser.get(f"{here}/refused.csv").html
    assert "1,r****@x.example,生年月日,2026/13/10," in report and "なし" in report
    assert not READABLE.findall(report) and "taro" not in page.text + report
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    work(upload.id)
    # Once it is over, reasons alone are left.
    page = browser.get(here)
    assert len(page.soup.select("#reasons tbody tr")) == 4 and "1行目" in page.text
    assert "2026/13" not in page.html and "2026/13" not in browser.get(f"{here}/refused.csv").html


def test_evidence_is_required_of_attested_uploads_alone(world: World, browser_for: Callable[..., Browser]) -> None:
    world.ours.contract.attested_uploads = True
    db.session.commit()
    browser = browser_for(world.ours.owner)
    tags = {}
    for kind in UploadKind:
        page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / "readers-1000-utf8-bom.csv", kind)
        label = page.soup.find("label", {"for": "evidence"})
        tags[kind] = label and label.get_text(" ", strip=True)
    assert tags[UploadKind.attested] == "証拠書類 必須"
    assert {tags[kind] for kind in UploadKind if kind is not UploadKind.attested} == {None}
