"""Uploads as a person meets them: file, columns, preview, yes; staff's approval; what never stands on a page."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from tests.factories import World, make_account, make_subscriber
from tests.lists.uploads import DATA, applied, checked, csv_of, received, upload_by_screen, work
from tests.page import Browser, Page
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.lists import counting, uploading
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind, SubscriptionState, UploadKind, UploadState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.lists.upload_models import Upload
from wem.outbox import OutboxMail

READABLE = re.compile(r"[A-Za-z0-9._+-]{2,}@[a-z0-9.-]+\.(?:jp|com|net)")
INVITING = {"how": "店頭の申込書", "when": "2025年"}


def no_reader_shows(page: Page) -> None:
    """No readable address but those of the service and of people who sign in."""
    found = {address for address in READABLE.findall(page.html) if "shop.example.jp" not in address}
    found = {address for address in found if "takahashi.example.jp" not in address and "wem.example" not in address}
    assert not found, found


def last_upload() -> Upload:
    return db.session.scalars(sa.select(Upload).order_by(Upload.id.desc()).limit(1)).one()


def figures(page: Page) -> dict[str, str]:
    """Return the figures of a page by their labels."""
    return {
        stat.dt.get_text(strip=True): stat.select_one(".stat-value").get_text(strip=True)
        for stat in page.soup.select(".stat")
    }


def test_the_messy_file_gives_what_is_expected_of_it(world: World, browser_for: Callable[..., Browser]) -> None:
    expected = json.loads((DATA / "readers-messy.expected.json").read_text())
    browser = browser_for(world.ours.editor)
    list_id = world.ours.mailing_list.id
    page = upload_by_screen(browser, list_id, DATA / "readers-messy.csv", "invitation")
    assert page.status == 200 and "Shift_JIS" in page.text
    no_reader_shows(page)
    page = post_columns(browser, page, INVITING)
    assert page.status == 303
    upload = last_upload()
    assert upload.mapping["address"] == 0
    work(upload.id)
    page = browser.get(f"/lists/{list_id}/imports/{upload.id}")
    shown = figures(page)
    refused = {entry["record"] for entry in expected["refused"]} | {220, 221}
    duplicates = {entry["record"]: entry["of"] for entry in expected["duplicates_in_file"]}
    assert shown["取り込めない行"] == str(len(refused)) and shown["ファイル内の重複"] == str(len(duplicates))
    assert shown["新規"] == str(expected["records"] - len(refused) - len(duplicates))
    rows = {
        int(row.th.get_text(strip=True).removesuffix("行目")): row.get_text(" ", strip=True)
        for row in page.soup.select("#refused tbody tr")
    }
    assert set(rows) == refused | set(duplicates)
    for record, first in duplicates.items():
        assert f"{first}行目" in rows[record]
    assert "生年月日" in rows[221] and "アドレスがありません" in rows[204] and "2つ以上" in rows[205]
    no_reader_shows(page)
    report = browser.get(f"/lists/{list_id}/imports/{upload.id}/refused.csv")
    assert len(report.html.strip().splitlines()) == 1 + len(rows)
    assert not READABLE.findall(report.html)


def post_columns(browser: Browser, page: Page, changes: dict[str, object]) -> Page:
    """Fill in the columns' form of a page and post it."""
    form = page.soup.find("form", id="columns")
    assert form is not None
    values: dict[str, object] = {}
    for field in form.find_all(["input", "select", "textarea"]):
        name, kind = field.get("name"), field.get("type")
        if not name or kind in ("submit", "file") or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
            continue
        if field.name == "select":
            option = field.find("option", selected=True)
            values[name] = option["value"] if option else ""
        else:
            values[name] = field.get_text() if field.name == "textarea" else field.get("value", "")
    upload = last_upload()
    target = f"/lists/{upload.list_id}/imports/{upload.id}/columns"
    return browser.post(target, {**values, **changes}, content_type="multipart/form-data")


def test_accepted_addresses_of_the_messy_file_are_normalised(world: World) -> None:
    expected = json.loads((DATA / "readers-messy.expected.json").read_text())
    applied(world.ours, DATA / "readers-messy.csv")
    known = set(db.session.scalars(sa.select(Subscriber.address_key)))
    assert set(expected["accepted_addresses_normalised"]) <= known
    short = db.session.scalars(
        sa.select(Subscriber).where(Subscriber.address_key == "yamada+news7@mail.example.jp")
    ).one()
    assert len(short.fields) == 2  # the cells that are missing are empty


def test_invitations_go_the_whole_way(world: World, browser_for: Callable[..., Browser]) -> None:
    browser = browser_for(world.ours.editor)
    list_id = world.ours.mailing_list.id
    page = upload_by_screen(browser, list_id, DATA / "readers-1000-utf8-bom.csv", "invitation")
    page = post_columns(browser, page, INVITING)
    upload_id = last_upload().id
    here = f"/lists/{list_id}/imports/{upload_id}"
    page = browser.get(here)
    assert page.soup.select_one("#upload[hx-get]") and page.soup.find("progress")
    fragment = browser.get(here, headers={"HX-Request": "true"})
    assert not fragment.is_page and fragment.soup.select_one("#upload[hx-get]")
    work(upload_id)
    page = browser.get(here)
    assert not page.soup.select_one("#upload[hx-get]")
    assert figures(page)["新規"] == "1,000"
    assert "3 1,003" in page.text  # registered now and after
    page = browser.post(f"{here}/apply")
    assert page.location.endswith(here)
    work(upload_id)
    page = browser.get(here)
    assert figures(page)["招待した数"] == "1,000"
    assert counting.registered(world.ours.customer.id) == 3
    pending = db.session.scalar(sa.select(sa.func.count()).where(Subscription.state == SubscriptionState.pending))
    assert pending == 1000
    page = browser.post(f"{here}/undo")
    work(upload_id)
    page = browser.get(here)
    assert "1,000件の登録を取り消しました" in page.text and "最大数" in page.text
    assert db.session.get_one(MailingList, list_id).pending_count == 0


@pytest.mark.parametrize("name", ["readers-1000-utf16.txt", "readers-10000-cp932.csv"])
def test_files_as_they_come(world: World, browser_for: Callable[..., Browser], name: str) -> None:
    browser = browser_for(world.ours.editor)
    page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / name, "invitation")
    assert page.status == 200 and "氏名" in page.text
    no_reader_shows(page)
    post_columns(browser, page, INVITING)
    upload = work(last_upload().id)
    assert upload.state is UploadState.checked and upload.bad == 0 and upload.good == int(name.split("-")[1])


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["メールアドレス", "氏名"])
    sheet.append(["a@x.example", "髙橋 葵"])
    sheet.append(["not an address", "誰か"])
    sheet.append(["b@x.example", "﨑山 葵"])
    book.create_sheet("二枚目")
    book.save(path)
    return path


def test_a_workbook(world: World, browser_for: Callable[..., Browser], tmp_path: Path) -> None:
    browser = browser_for(world.ours.editor)
    page = upload_by_screen(browser, world.ours.mailing_list.id, workbook(tmp_path / "名簿.xlsx"), "invitation")
    assert "2枚のシート" in page.text and "髙橋 葵" in page.text
    page = post_columns(browser, page, INVITING)
    upload = work(last_upload().id)
    assert (upload.good, upload.bad) == (2, 1)
    assert upload.filename == "名簿.xlsx"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "空"), (b"%PDF-1.7 x", "PDF"), (b"PK\x03\x04 nothing", "壊れて")],
    ids=["empty", "pdf", "broken workbook"],
)
def test_what_is_no_table_is_refused_at_once(
    world: World, browser_for: Callable[..., Browser], content: bytes, said: str
) -> None:
    browser = browser_for(world.ours.editor)
    page = browser.post(
        f"/lists/{world.ours.mailing_list.id}/imports/new",
        {"kind": "invitation", "file": (io.BytesIO(content), "x.csv")},
        content_type="multipart/form-data",
    )
    assert page.status == 422 and said in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Upload)) == 0


def test_corrections_are_kept_and_show_no_address(
    world: World, browser_for: Callable[..., Browser], tmp_path: Path
) -> None:
    browser = browser_for(world.ours.editor)
    path = tmp_path / "x.csv"
    path.write_text("tanaka1@x.example.jp;田中\nsuzuki1@x.example.jp;鈴木\n", encoding="utf-8")
    page = upload_by_screen(browser, world.ours.mailing_list.id, path, "invitation")
    no_reader_shows(page)
    upload = last_upload()
    assert upload.shape["delimiter"] == ";" and not upload.shape["has_header"]
    target = f"/lists/{upload.list_id}/imports/{upload.id}"
    values = {"encoding": "cp932", "delimiter": ";", "header": "yes"}
    page = browser.get(browser.post(f"{target}/shape", values).location)
    # Even where the first reader is taken for a heading.
    no_reader_shows(page)
    assert last_upload().shape["encoding"] == "cp932" and "@x.example.jp" in last_upload().shape["header"][0]
    assert "tanaka1" not in json.dumps(last_upload().shape)


def test_wrong_choices_are_said_beside_the_column(world: World, browser_for: Callable[..., Browser]) -> None:
    browser = browser_for(world.ours.editor)
    page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / "readers-messy.csv", "invitation")
    wrong = {
        "use-0": "",
        "use-1": "new:text",
        "label-1": "a@b.example",
        "use-2": "field:nothing",
        "how": "",
        "when": "",
    }
    page = post_columns(browser, page, wrong)
    assert page.status == 422
    for text in ("メールアドレスの列を選んでください", "項目の名前にメールアドレスは使えません", "入力してください"):
        assert text in page.text
    no_reader_shows(page)
    page = post_columns(browser, page, {"use-0": "address", "use-1": "address", **INVITING})
    assert page.status == 422 and "メールアドレスの列は1つだけです" in page.text
    assert last_upload().state is UploadState.received


def test_columns_can_be_changed_after_checking(world: World, browser_for: Callable[..., Browser]) -> None:
    browser = browser_for(world.ours.editor)
    page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / "readers-messy.csv", "invitation")
    post_columns(browser, page, INVITING)
    upload = work(last_upload().id)
    assert upload.bad == 14
    page = browser.get(f"/lists/{upload.list_id}/imports/{upload.id}/columns")
    assert page.status == 200 and "店頭の申込書" in page.html
    column = next(int(c["column"]) for c in upload.mapping["new"] if c["label"] == "生年月日")
    post_columns(browser, page, {f"use-{column}": ""})
    upload = work(upload.id)
    # The wrong date no longer matters.
    assert upload.bad == 13 and upload.state is UploadState.checked


def test_attested_is_offered_by_contract_only(world: World, browser_for: Callable[..., Browser]) -> None:
    browser = browser_for(world.ours.editor)
    here = f"/lists/{world.ours.mailing_list.id}/imports/new"
    assert not browser.get(here).soup.find("input", {"value": "attested"})
    answer = browser.post(
        here,
        {"kind": "attested", "file": (io.BytesIO(csv_of("a@x.example")), "x.csv")},
        content_type="multipart/form-data",
    )
    assert answer.status == 422
    world.ours.contract.attested_uploads = True
    db.session.commit()
    assert browser.get(here).soup.find("input", {"value": "attested"})


ATTESTING = {**INVITING, "wording": "お知らせのメールを希望します", "told": "y"}


def hand_in(world: World, browser: Browser) -> Upload:
    world.ours.contract.attested_uploads = True
    db.session.commit()
    page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / "readers-1000-utf8-bom.csv", "attested")
    evidence = (io.BytesIO(b"%PDF-1.7 the form"), "申込書.pdf")
    assert post_columns(browser, page, {**ATTESTING, "told": "", "evidence": evidence}).status == 422
    page = post_columns(browser, page, ATTESTING)
    assert page.status == 422 and "添付" in page.text
    assert post_columns(browser, page, {**ATTESTING, "evidence": (io.BytesIO(b"x"), "x.exe")}).status == 422
    evidence = (io.BytesIO(b"%PDF-1.7 the form"), "申込書.pdf")
    assert post_columns(browser, page, {**ATTESTING, "evidence": evidence}).status == 303
    upload = work(last_upload().id)
    assert browser.post(f"/lists/{upload.list_id}/imports/{upload.id}/apply").status == 303
    return last_upload()


def test_staff_approve_what_is_attested(world: World, browser_for: Callable[..., Browser]) -> None:
    browser, staff = browser_for(world.ours.editor), browser_for(world.admin)
    upload = hand_in(world, browser)
    assert upload.state is UploadState.waiting
    here = f"/staff/uploads/{upload.id}"
    assert "readers-1000-utf8-bom.csv" in staff.get("/staff/uploads").text
    page = staff.get(here)
    for text in ("店頭の申込書", "お知らせのメールを希望します", "申込書.pdf", "1,000", "****@"):
        assert text in page.text, text
    no_reader_shows(page)
    evidence = staff.get(f"{here}/evidence")
    assert evidence.response.data == b"%PDF-1.7 the form"
    assert evidence.response.headers["Content-Disposition"].startswith("attachment")
    assert evidence.response.mimetype == "application/octet-stream"
    assert counting.registered(world.ours.customer.id) == 3
    staff.post(f"{here}/approve", {"note": "確認しました"})
    # Twice does nothing twice.
    assert staff.post(f"{here}/approve", {"note": ""}).status == 303
    work(upload.id)
    assert counting.registered(world.ours.customer.id) == 1003
    actions = [event.action for event in db.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))]
    assert actions.count("upload.approve") == 1 and "upload.applied" in actions
    page = browser.get(f"/lists/{upload.list_id}/imports/{upload.id}")
    assert figures(page)["登録した数"] == "1,000" and "確認しました" in page.text
    assert staff.get(here).status == 200


def test_staff_refuse_with_a_word(world: World, browser_for: Callable[..., Browser]) -> None:
    browser, staff = browser_for(world.ours.editor), browser_for(world.admin)
    upload = hand_in(world, browser)
    here = f"/staff/uploads/{upload.id}"
    assert staff.post(f"{here}/refuse", {"note": ""}).status == 422
    assert staff.post(f"{here}/refuse", {"note": "申込書に同意の文言がありません。"}).status == 303
    assert work(upload.id).storage_key is None
    page = browser.get(f"/lists/{upload.list_id}/imports/{upload.id}")
    assert "申込書に同意の文言がありません。" in page.text
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert mail.recipient == world.ours.editor.email and mail.subject == "アップロードを承認しませんでした：お得情報"
    assert "申込書に同意の文言がありません。" in (mail.text or "") and f"/imports/{upload.id}" in (mail.text or "")
    assert counting.registered(world.ours.customer.id) == 3


def test_staff_see_only_what_was_handed_in(world: World, browser_for: Callable[..., Browser]) -> None:
    upload = checked(world.ours, csv_of("a@x.example"))
    assert browser_for(world.admin).get(f"/staff/uploads/{upload.id}").status == 404
    billing = make_account(staff_role=StaffRole.billing)
    db.session.commit()
    assert browser_for(billing).get("/staff/uploads").status == 403
    assert browser_for(world.ours.owner).get("/staff/uploads").status == 404


def test_the_peak_is_warned_about(world: World, browser_for: Callable[..., Browser]) -> None:
    upload = checked(world.ours, csv_of(*(f"r{n}@x.example" for n in range(1100))), UploadKind.attested)
    page = browser_for(world.ours.viewer).get(f"/lists/{upload.list_id}/imports/{upload.id}")
    assert "1,103" in page.text and "3,000件までの区分" in page.text
    world.ours.contract.own_price = {"initial": 0, "tiers": [[1000, 3000]]}
    db.session.commit()
    page = browser_for(world.ours.viewer).get(f"/lists/{upload.list_id}/imports/{upload.id}")
    assert "最も上の区分" in page.text


def test_a_stop_list_is_offered_first(world: World, browser_for: Callable[..., Browser], tmp_path: Path) -> None:
    browser = browser_for(world.ours.editor)
    list_id = world.ours.mailing_list.id
    assert "停止リスト" in browser.get(f"/lists/{list_id}/imports").text
    path = tmp_path / "stop.csv"
    path.write_bytes(csv_of("tanaka@readers.example.com", "stranger@x.example.jp"))
    page = upload_by_screen(browser, list_id, path, "stop_list")
    assert not page.soup.find("textarea") and not page.soup.find("input", {"name": "label-0"})
    assert post_columns(browser, page, {}).status == 303
    upload = work(last_upload().id)
    page = browser.get(f"/lists/{list_id}/imports/{upload.id}")
    assert figures(page)["ファイル内のアドレス"] == "2" and figures(page)["解除される登録"] == "1"
    browser.post(f"/lists/{list_id}/imports/{upload.id}/apply")
    assert work(upload.id).applied == 1
    assert counting.registered(world.ours.customer.id) == 2
    assert browser.post(f"/lists/{list_id}/imports/{upload.id}/undo").status == 303
    assert last_upload().state is UploadState.applied  # a no is not taken back


def test_another_customers_upload_does_not_exist(world: World, browser_for: Callable[..., Browser]) -> None:
    upload = checked(world.theirs, csv_of("a@x.example"))
    browser = browser_for(world.ours.owner)
    for list_id in (world.ours.mailing_list.id, world.theirs.mailing_list.id):
        here = f"/lists/{list_id}/imports/{upload.id}"
        for path in (here, f"{here}/columns", f"{here}/refused.csv"):
            assert browser.get(path).status == 404, path
        for act in ("apply", "discard", "undo", "shape", "columns"):
            assert browser.post(f"{here}/{act}").status == 404, act
    assert browser.get(f"/lists/{world.theirs.mailing_list.id}/imports").status == 404
    assert db.session.get_one(Upload, upload.id).state is UploadState.checked


def test_a_viewer_looks_and_does_not_act(world: World, browser_for: Callable[..., Browser]) -> None:
    upload = checked(world.ours, csv_of("a@x.example"), UploadKind.invitation)
    browser = browser_for(world.ours.viewer)
    here = f"/lists/{upload.list_id}/imports/{upload.id}"
    assert browser.get(here).status == 200
    assert browser.post(f"{here}/apply").status == 403


def test_a_suspended_contract_permits_no_upload(world: World, browser_for: Callable[..., Browser]) -> None:
    upload_id = received(world.ours, csv_of("a@x.example"), UploadKind.invitation)
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=world.admin.id)
    db.session.commit()
    upload = work(upload_id, turns=1)
    assert (upload.state, upload.cursor) == (UploadState.reading, 0)
    assert browser_for(world.ours.owner).get(f"/lists/{upload.list_id}/imports/{upload.id}").status == 403
    with pytest.raises(uploading.Refused):
        uploading.apply(upload, by=world.ours.owner.id)


def test_a_field_made_meanwhile_sends_back_to_the_columns(world: World, browser_for: Callable[..., Browser]) -> None:
    browser = browser_for(world.ours.editor)
    page = upload_by_screen(browser, world.ours.mailing_list.id, DATA / "readers-messy.csv", "invitation")
    post_columns(browser, page, INVITING)
    upload = work(last_upload().id)
    db.session.add(Field(customer_id=world.ours.customer.id, key="生年月日", label="生年月日", kind=FieldKind.text))
    db.session.commit()
    page = browser.post(f"/lists/{upload.list_id}/imports/{upload.id}/apply")
    assert page.location.endswith("/columns")
    assert last_upload().state is UploadState.checked
    post_columns(browser, browser.get(page.location), {})
    work(upload.id)
    assert browser.post(f"/lists/{upload.list_id}/imports/{upload.id}/apply").status == 303
    assert last_upload().state is UploadState.applying


def test_required_fields_and_known_readers(world: World) -> None:
    from wem.lists.models import ListField

    world.ours.mailing_list.form_fields.append(ListField(field=world.ours.field, required=True))
    make_subscriber(world.ours.mailing_list, "known@x.example")
    db.session.commit()
    rows = "メールアドレス,氏名\na@x.example,青木\nb@x.example,\nknown@x.example,誰か\n"
    upload = checked(world.ours, rows.encode(), UploadKind.invitation)
    assert (upload.good, upload.bad, upload.known) == (1, 1, 1)
