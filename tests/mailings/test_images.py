"""The image library: uploading, describing, choosing for a mail, serving, deleting."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import PNG, World, make_image, make_mailing
from tests.page import Browser
from wem import clock, storage
from wem.audit import AuditEvent
from wem.db import db
from wem.mailings import checking, copying, image_deleting, image_jobs, image_taking, image_using
from wem.mailings.checks import Severity
from wem.mailings.image_models import Image, ImageUse
from wem.mailings.image_rules import ImageKind, ImageProblem, ImageState
from wem.mailings.image_wording import html_for
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState
from wem.sequences import controlling, keeping

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def send(browser: Browser, *files: tuple[bytes, str], folder: str = "") -> Any:
    data = {"files": [(io.BytesIO(content), name) for content, name in files], "folder": folder}
    return browser.post("/images", data, content_type="multipart/form-data")


def images() -> list[Image]:
    return list(db.session.scalars(sa.select(Image).order_by(Image.id).execution_options(populate_existing=True)))


@pytest.mark.both_databases
def test_a_file_becomes_an_image_once(world: World) -> None:
    ours = world.ours
    image, new = image_taking.take(ours.customer.id, io.BytesIO(PNG), "C:\\写真\\秋.png", "秋", by=ours.editor.id)
    assert new and image.state is ImageState.received and image.name == "秋"
    again, new = image_taking.take(ours.customer.id, io.BytesIO(PNG), "other.png", "", by=ours.editor.id)
    assert not new and again.id == image.id
    source = storage.path_of(image.source_key or "")
    assert source.is_file()
    assert image_taking.waiting() == [image.id]
    image_jobs.make_image(image.id)
    image_jobs.make_image(image.id)  # rung twice
    [image] = images()
    assert image.state is ImageState.ready and image.kind is ImageKind.png and (image.width, image.height) == (1, 1)
    assert not source.exists() and storage.path_of(image.storage_key or "").is_file()
    assert image_taking.waiting() == []
    # The same picture of another customer has another name: a name tells of nobody's library.
    other, new = image_taking.take(world.theirs.customer.id, io.BytesIO(PNG), "x", "", by=world.theirs.editor.id)
    number = other.id
    image_jobs.make_image(number)
    assert new and db.session.get_one(Image, number).token != images()[0].token


def test_a_number_never_means_another_image(world: World) -> None:
    gone = make_image(world.ours.customer)
    db.session.commit()
    number = gone.id
    image_deleting.delete(gone, by=world.ours.editor.id)
    db.session.commit()
    assert make_image(world.ours.customer).id > number


@pytest.mark.both_databases
def test_an_image_of_a_text_in_use_stays_whatever_its_draft_shows(world: World) -> None:
    image = make_image(world.ours.customer)
    sequence = keeping.create(world.ours.mailing_list, keeping.Settings("ようこそ"), by=world.ours.owner.id)
    step = keeping.add_step(sequence, 0, 0, BodyKind.html, "初日", by=world.ours.owner.id)
    step.mailing.subject, step.mailing.html = "ようこそ", f"<p>本文です。</p>{html_for(image)}"
    image_using.note_uses(step.mailing)
    assert controlling.start(sequence, with_present=False, by=world.ours.owner.id)
    # The draft goes on without it; what is sent still shows it.
    step.mailing.html, step.mailing.version = "<p>本文です。</p>", 2
    image_using.note_uses(step.mailing)
    db.session.commit()
    assert image_using.use_counts([image]) == {image.id: 1}
    assert image_deleting.delete(image, by=world.ours.editor.id) is None
    db.session.commit()
    image_jobs.tidy_images()
    assert [row.deleted_at is not None for row in images()] == [True]
    assert controlling.put_to_use(step, by=world.ours.owner.id)
    assert image_using.use_counts([image]) == {image.id: 0}


@pytest.mark.both_databases
def test_uses_follow_what_is_saved_and_decide_what_a_deletion_leaves(world: World) -> None:
    customer, draft = world.ours.customer, world.ours.mailing
    image, theirs = make_image(customer), make_image(world.theirs.customer)
    mails = f"<p>{html_for(image)}{html_for(theirs)}</p>"
    draft.html = mails
    image_using.note_uses(draft)
    image_using.note_uses(draft)
    assert [row.id for row in image_using.mailings_with(image)] == [draft.id]
    assert image_using.use_counts([image, theirs]) == {image.id: 1, theirs.id: 0}
    sent = copying.duplicate(draft, name="", by=world.ours.editor.id)
    sent.state = MailingState.done
    assert image_using.use_counts([image]) == {image.id: 2}
    draft.html = ""
    image_using.note_uses(draft)
    db.session.commit()
    key, token = image.storage_key, image.token
    assert image_deleting.delete(image, by=world.ours.editor.id) is None
    db.session.commit()
    image_jobs.tidy_images()
    assert storage.path_of(key or "").is_file() and images()[0].token == token
    db.session.delete(sent)
    db.session.commit()
    assert db.session.scalars(sa.select(ImageUse)).all() == []
    image_jobs.tidy_images()
    assert not storage.path_of(key or "").exists() and [row.id for row in images()] == [theirs.id]


def test_several_are_uploaded_at_once_and_the_others_named(world: World, editor: Browser) -> None:
    answer = send(editor, (PNG, "秋.png"), (b"<svg></svg>", "絵.png"), (b"\xff\xd8\xff", "壊れ.jpg"), folder=" 秋  物 ")
    assert answer.status == 303
    page = editor.get(answer.location)
    assert "画像を2点受け付けました。" in page.text
    assert "絵.png：SVGは" in page.text
    assert "準備中" in page.text and page.soup.select("#images[hx-get][hx-trigger='every 2s']")
    good, broken = images()
    assert (good.folder, good.name) == ("秋 物", "秋")
    again = send(editor, (PNG, "秋.png"), folder="冬物")
    assert "フォルダー「冬物」へ移しました" in editor.get(again.location).text and images()[0].folder == "冬物"
    page = send(editor, (PNG, "秋.png"), folder="長" * 51)
    assert page.status == 422 and page.soup.select_one("#folder-error") and images()[0].folder == "冬物"
    images()[0].folder = "秋 物"
    db.session.commit()
    for image in (good.id, broken.id):
        image_jobs.make_image(image)
    page = editor.get(answer.location)
    assert not page.soup.select("#images[hx-trigger]")
    assert "壊れているか" in page.text and "代替テキストのない画像：1点" in page.text
    assert [image.problem for image in images()] == [None, ImageProblem.broken]
    assert "image.upload" in db.session.scalars(sa.select(AuditEvent.action)).all()
    editor.post(f"/images/{images()[1].id}/delete")
    assert len(images()) == 1


def test_what_cannot_be_taken_is_said_on_the_form(world: World, editor: Browser) -> None:
    assert send(editor).status == 422
    page = send(editor, (b"\0" * 10, "x.jpg"))
    assert page.status == 422 and "x.jpg：ファイルの中身が" in page.text
    assert send(editor, *[(PNG, "x.png")] * 21).status == 422
    assert images() == []


def test_a_file_is_taken_where_the_mail_is_written(world: World, editor: Browser) -> None:
    def take(content: bytes, htmx: bool = True, **values: str) -> Any:
        data = {"file": (io.BytesIO(content), "秋.png"), **values}
        return editor.post("/images/pick", data, content_type="multipart/form-data", htmx=htmx)

    page = take(PNG)
    assert page.status == 422 and "代替テキストを入力するか" in page.html and images() == []
    assert take(b"<svg></svg>", alt="絵").status == 422
    assert take(b"<svg></svg>", alt="絵", chooser="b7-picture").soup.select("[data-taken-for=b7-picture]")
    page = take(PNG, alt="秋の棚", chooser="b7-picture")
    [image] = images()
    assert image.alt == "秋の棚" and "準備しています" in page.text
    again = str(page.soup.select_one("#picture-taken")["hx-get"])
    image_jobs.make_image(image.id)
    taken = editor.get(again, headers={"HX-Request": "true"}).soup.select_one("[data-pick-now]")
    assert taken is not None and taken["data-pick"] == str(image.id)
    # It is for the place that asked, wherever the dialog was opened meanwhile.
    assert taken["data-pick-into"] == "b7-picture" and taken.find_parent(attrs={"data-taken-for": "b7-picture"})
    # Other mails show it with its words: they stay, and it is said before it is chosen.
    page = take(PNG, alt="冬の棚")
    assert "秋の棚" in page.text and page.soup.select_one("[data-pick]") and not page.soup.select_one("[data-pick-now]")
    assert images()[0].alt == "秋の棚"
    assert take(PNG, htmx=False, alt="秋の棚").location == f"/images/{image.id}"


def test_a_viewer_sees_and_changes_nothing(world: World, browser_for: BrowserFor) -> None:
    viewer = browser_for(world.ours.viewer)
    image = make_image(world.ours.customer)
    db.session.commit()
    assert image.name in viewer.get("/images").text
    assert viewer.get(f"/images/{image.id}").status == 200
    assert send(viewer, (PNG, "x.png")).status == 403
    assert viewer.get("/images/describe").status == 403


def test_there_is_no_more_room_than_the_course_gives(world: World) -> None:
    customer_id = world.ours.customer.id
    make_image(world.ours.customer, size=image_taking.quota_of(customer_id))
    # What is deleted and still shown takes room as well.
    assert image_taking.used_bytes(customer_id, deleted=True) == 0
    db.session.commit()
    with pytest.raises(image_taking.NotTaken) as refused:
        image_taking.take(customer_id, io.BytesIO(PNG), "x.png", "", by=1)
    assert refused.value.problem is ImageProblem.quota


def test_a_text_is_demanded(world: World, editor: Browser) -> None:
    one, two, three = (make_image(world.ours.customer, alt="") for _ in range(3))
    db.session.commit()
    page = editor.get("/images/pick")
    assert page.text.count("先に代替テキストを入力してください") == 3 and "data-insert" not in page.html
    path = f"/images/{one.id}"
    assert editor.submit(path, {"alt": " "}).status == 422
    assert editor.submit(path, {"alt": ' 秋の "新商品" {{x}} '}).status == 303
    answer = editor.submit("/images/describe", {f"alt-{two.id}": "空"})
    assert answer.location == "/images/describe"
    assert editor.submit("/images/describe", {f"decorative-{three.id}": "on"}).location == "/images"
    first, second, third = images()
    assert (second.alt, third.alt, third.decorative) == ("空", "", True)
    shown = html_for(first)
    assert 'width="600" height="300"' in shown
    assert 'alt="秋の &quot;新商品&quot; &#123;&#123;x&#125;&#125;"' in shown
    assert 'alt=""' in html_for(third)
    picker = editor.get("/images/pick", headers={"HX-Request": "true"})
    assert picker.html.count("data-insert-into") == 3


def test_everybody_may_keep_an_image_for_long(world: World, public: Browser, editor: Browser) -> None:
    image = make_image(world.ours.customer)
    hidden = make_image(world.ours.customer, state=ImageState.received)
    db.session.commit()
    answer = public.client.get(image.path, base_url=public.origin, buffered=True)
    assert answer.data == PNG and answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = public.client.get(
        image.path, base_url=public.origin, buffered=True, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    for path in (image.path.replace(".png", ".jpg"), f"/i/{'0' * 32}.png", "/i/x", f"/i/{hidden.id}.png"):
        assert public.get(path).status == 404, path
    assert editor.get(image.path).status == 404  # the portal is no place for readers
    assert editor.client.get(f"/images/{image.id}/picture", base_url=editor.origin, buffered=True).data == PNG
    storage.erase(image.storage_key or "")
    assert public.get(image.path).status == 404


def test_a_mail_is_written_with_an_image_and_the_image_deleted(world: World, editor: Browser, public: Browser) -> None:
    image, path = make_image(world.ours.customer), f"/mailings/{world.ours.mailing.id}/edit"
    db.session.commit()
    assert "/images/pick" in editor.get(path).html
    assert editor.submit(path, {"html": f"<p>秋です</p>{html_for(image)}"}).status == 303
    mailing = db.session.get_one(Mailing, world.ours.mailing.id)
    assert f'src="{image_using.address_of(image)}"' in mailing.html
    frame = editor.client.get(f"/mailings/{mailing.id}/preview/html", base_url=editor.origin, buffered=True)
    assert image_using.origin() in frame.headers["Content-Security-Policy"]
    page = editor.get(f"/images/{image.id}")
    assert "下書き1件で" in page.text and "秋の新商品のお知らせ" in page.text
    titles = {check.title: check for check in checking.checks(mailing)}
    assert titles["画像一覧の画像"].severity is Severity.ok
    assert titles["画像のアドレス（https）"].severity is Severity.ok
    served, address = image.path, image_using.address_of(image)
    assert editor.post(f"/images/{image.id}/delete").status == 303
    assert public.get(served).status == 404
    check = {check.title: check for check in checking.checks(db.session.get_one(Mailing, mailing.id))}["画像一覧の画像"]
    assert check.severity is Severity.warning and address[:80] in check.what


def test_what_left_with_a_mail_goes_on_being_served(world: World, editor: Browser, public: Browser) -> None:
    sent = make_mailing(world.ours.mailing_list, state=MailingState.done)
    image = make_image(world.ours.customer, [sent])
    db.session.commit()
    served = image.path
    assert "使っているメールが1件" in editor.get(f"/images/{image.id}").text
    assert editor.post(f"/images/{image.id}/delete").status == 303
    assert editor.get(f"/images/{image.id}").status == 404
    assert image.name not in editor.get("/images").text
    assert public.client.get(served, base_url=public.origin, buffered=True).data == PNG


def test_a_fault_is_tried_again_and_then_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is gone: a fault of ours, at each attempt."""
    image = make_image(world.ours.customer, state=ImageState.received)
    number = image.id
    db.session.commit()
    storage.erase(image.source_key or "")
    for attempt in range(image_taking.MOST_ATTEMPTS):
        assert images()[0].state is ImageState.received, attempt
        monkeypatch.setattr(clock, "now", lambda later=clock.now() + image_taking.LEASE: later)
        image_jobs.make_image(number)
    assert images()[0].problem is ImageProblem.fault


def test_refused_files_are_forgotten_and_loose_files_erased(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = make_image(world.ours.customer, state=ImageState.refused, problem=ImageProblem.broken)
    kept = make_image(world.ours.customer)
    refused.source_key = None
    loose, _ = storage.keep(image_taking.FOLDER, io.BytesIO(b"nobody's"), 100)
    db.session.commit()
    image_jobs.tidy_images()
    assert len(images()) == 2 and storage.path_of(loose).is_file()
    monkeypatch.setattr(clock, "now", lambda later=clock.now() + timedelta(days=8): later)
    image_jobs.tidy_images()
    assert [row.id for row in images()] == [kept.id]
    assert not storage.path_of(loose).exists() and storage.path_of(kept.storage_key or "").is_file()
