"""The provider's own pages: open to everybody, in both languages; the terms complete."""

import re
import unicodedata
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from wem import clock
from wem.audit import AuditEvent
from wem.contracts import text_rules
from wem.contracts.text_rules import TextKind
from wem.db import db
from wem.public import terms_reading
from wem.schedule import TimetableRun

PAGES = ["/", "/terms", "/terms/1", "/privacy", "/tokushoho", "/status", "/manual"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_open_to_everybody(world, browser_for, path, language):
    page = browser_for().get(path, query_string={"lang": language})
    assert page.status == 200
    assert page.soup.find("html")["lang"] == language
    for account in (world.ours.owner, world.admin, world.partner):
        assert browser_for(account).get(path).status == 200


@pytest.mark.parametrize("path", PAGES)
def test_not_on_the_public_origin(world, public, path):
    assert public.get(path).status == 404


@pytest.mark.parametrize("who", [None, "owner", "admin", "partner"])
@pytest.mark.parametrize(
    "start", ["/", "/manual", "/login", "/dashboard", "/staff/", "/partner/applications", "/contract"]
)
def test_every_link_leads_somewhere(world, browser_for, who, start):
    account = {None: None, "owner": world.ours.owner, "admin": world.admin, "partner": world.partner}[who]
    browser = browser_for(account)
    page = browser.get(start)
    if page.status != 200:
        return
    for link in page.soup.find_all("a", href=True):
        href = link["href"]
        if href.startswith("/"):
            assert browser.get(href).status in (200, 303), f"{start} -> {href}"
        elif href.startswith("#"):
            assert page.soup.find(id=href[1:]), f"{start} -> {href}"
        else:
            assert href.startswith(("mailto:", "http://localhost:8001/", "?lang=")), href


def test_the_way_to_apply_is_shown(world, browser_for):
    assert 'href="/apply"' in browser_for().get("/").html
    assert browser_for().get("/apply").status == 200


# -- terms


def plain(text):
    """Letters only: without white space, list marks and the numbers that the browser writes before a clause."""
    lines = (re.sub(r"^\s*(?:- )?(?:\d+\. )?", "", line) for line in text.splitlines())
    return re.sub(r"\s", "", "".join(lines))


def test_terms_are_complete_and_unchanged(world, browser_for):
    page = browser_for().get("/terms")
    shown = re.sub(r"\s", "", page.soup.find(id="terms").get_text())
    assert shown == plain(terms_reading.source(1))
    # No letter was changed on the way into the product either.
    assert unicodedata.is_normalized("NFC", terms_reading.source(1))


def test_every_article_has_a_heading_and_an_anchor(world, browser_for):
    page = browser_for().get("/terms")
    headings = re.findall(r"^(?:- )?(第\d+条（.+）)$", terms_reading.source(1), re.MULTILINE)
    assert len(headings) == 25  # 1–9, 11, twice 12, 13–25
    found = [h for h in page.soup.find(id="terms").find_all("h2") if h.find_parent(id="consent") is None]
    assert [h.get_text() for h in found] == headings
    assert [h["id"] for h in found] == [
        *(f"a{n}" for n in range(1, 10)),
        "a11",
        "a12",
        "a12b",
        *(f"a{n}" for n in range(13, 26)),
    ]
    for heading in found:
        assert page.soup.find("a", href=f"#{heading['id']}")


def test_clauses_keep_their_numbers(world, browser_for):
    page = browser_for().get("/terms")
    forbidden = [li["value"] for li in page.soup.select("ol.clauses > li") if li["id"].startswith("a12-")]
    assert forbidden == [str(n) for n in [*range(1, 20), *range(21, 25)]]  # 20 is missing in the original
    assert page.soup.find(id="a13-2").get_text().startswith("弊社は、ユーザーによる本サービス利用の対価の支払")
    assert len(page.soup.find(id="a13-1").find_all("li")) == 9
    assert "最低利用期間" in page.soup.find(id="a5-1").get_text()


def test_consent_clauses_stand_under_privacy_too(world, browser_for):
    page = browser_for().get("/privacy")
    assert "エンドユーザー様のメールアドレス宛てに、弊社の意思で直接メールをお送りすることは御座いません" in page.text
    assert "見本" in page.text


def test_unknown_version(world, browser_for):
    assert browser_for().get("/terms/2").status == 404


# -- status


def test_status_says_that_sending_waits_without_the_queue(world, browser_for):
    page = browser_for().get("/status")
    assert "現在、メールの送信が遅れています" in page.text


def test_healthy(world, browser_for, monkeypatch):
    from wem import queue

    class Answers:
        def ping(self):
            return True

    # The outside answers; nothing of ours is replaced but the way to it.
    monkeypatch.setitem(queue.current_app.extensions, "wem.redis", Answers())
    db.session.add(TimetableRun(job="wem.delivery.jobs.sweep", rung_at=clock.now()))
    db.session.commit()
    assert "現在、確認されている障害はありません" in browser_for().get("/status").text


def test_status_without_the_database(app, browser_for, monkeypatch):
    def gone(*_, **__):
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(db.engine.pool, "connect", gone)
    page = browser_for().get("/status")
    assert page.status == 200
    assert "現在、サービスの一部をご利用いただけません" in page.text


# -- robots, manual


def test_robots(world, browser_for, public):
    portal = browser_for().get("/robots.txt")
    assert (portal.status, portal.response.mimetype) == (200, "text/plain")
    assert "Disallow: /staff/" in portal.html and "Disallow: /\n" not in portal.html
    assert "Disallow: /u/" in public.get("/robots.txt").html
    assert "Set-Cookie" not in public.get("/robots.txt").response.headers


@pytest.mark.parametrize("language", ["ja", "en"])
def test_manual_has_its_sections_version_and_date(world, browser_for, language):
    page = browser_for().get("/manual", query_string={"lang": language})
    anchors = [h["id"] for h in page.soup.select("article h2")]
    assert anchors == [
        "first", "lists", "uploads", "sign-up", "composing", "fields", "stopping", "results", "contract", "environment",
    ]  # fmt: skip
    assert [a["href"][1:] for a in page.soup.select("nav.contents a")] == anchors
    assert ("第1版" if language == "ja" else "Version 1") in page.text and "2026" in page.text
    assert "Safari 17.5" in page.text, "what people need (19-5)"
    assert "到達" not in page.text
    assert "{{ 氏名" in page.text


@pytest.mark.both_databases
def test_a_version_of_the_manual_is_published_and_the_earlier_stays(world, browser_for):
    staff, nobody, today = browser_for(world.admin), browser_for(), str(clock.today())
    path = "/staff/terms/new/manual"
    shown = staff.get(path)
    assert "$picture_home" in shown.text
    text = shown.form("")["text"].replace("30分ほどで", "15分ほどで")
    typed = {"summary": "最初の配信までの時間を改めました。", "effective_from": today}
    evil = '<script>alert(1)</script><a href="javascript:alert(1)" onclick="x()">x</a><style>b</style><p>$5</p>'
    cut = text.replace('id="environment"', 'id="other"')
    assert staff.post(path, {**typed, "text": cut}).status == 422, "Art. 19-5 points to that chapter"
    compared = staff.post(path, {**typed, "text": text + evil})
    assert "15分ほどで" in compared.soup.find(id="changes").find("ins").get_text()
    assert nobody.get("/manual/2").status == 404, "comparing publishes nothing"
    assert staff.post(path, {**typed, "text": text + evil, "publish": "1"}).status == 303
    page = nobody.get("/manual")
    article = str(page.soup.find("main"))
    assert "15分ほどで" in page.text and "第2版" in page.text and "$5" in page.text
    assert "alert(1)" not in article and "onclick" not in article and "javascript:" not in article
    assert page.soup.select_one("article img")["src"].startswith("/static/img/manual/home")
    first = nobody.get("/manual/1")
    assert "30分ほどで" in first.text and "新しい版" in first.text
    assert "15分ほどで" in nobody.get("/manual/2/changes").soup.find(id="changes").find("ins").get_text()
    assert nobody.get("/manual/1/changes").status == 200 and nobody.get("/manual/3").status == 404
    assert "操作マニュアル" in nobody.get("/announcements").text
    english = browser_for().get("/manual", query_string={"lang": "en"})
    assert english.soup.find("div", lang="ja") and "written in Japanese" in english.text


# -- versions of the terms


NEW = {"summary": "第5条を改めます。", "adverse": "y"}


def changed_terms():
    return terms_reading.text_of(TextKind.terms, 1).replace("当初6ヶ月間", "当初3ヶ月間")


def test_first_versions_are_the_issued_text(world):
    assert terms_reading.text_of(TextKind.terms, 1) + "\n" in terms_reading.source(1).replace("\n\n\n", "\n\n")
    assert "会員登録時" in terms_reading.consent_source(1) and "第1条" not in terms_reading.consent_source(1)


def test_a_worse_version_is_public_a_month_before_it_holds(world, browser_for):
    staff, nobody = browser_for(world.admin), browser_for()
    soon, good = (str(clock.today() + timedelta(days=days)) for days in (29, 30))
    typed = {**NEW, "text": changed_terms()}
    page = staff.post("/staff/terms/new/terms", {**typed, "effective_from": soon})
    assert page.status == 200 and "当初3ヶ月間" in page.soup.find(id="changes").find("ins").get_text()
    assert nobody.get("/terms/2").status == 404, "comparing publishes nothing"
    late = staff.post("/staff/terms/new/terms", {**typed, "effective_from": soon, "publish": "1"})
    assert late.status == 422 and "30日前" in late.text
    assert staff.post("/staff/terms/new/terms", {**typed, "effective_from": good, "publish": "1"}).status == 303
    assert "当初6ヶ月間" in nobody.get("/terms").text, "the old version holds until then"
    assert "当初3ヶ月間" in nobody.get("/terms/2").text
    assert (
        "第5条を改めます。" in nobody.get("/announcements").text or "改定（第2版）" in nobody.get("/announcements").text
    )
    changes = nobody.get("/terms/2/changes").soup.find(id="changes")
    assert "当初6ヶ月間" in changes.find("del").get_text()
    with time_machine.travel(clock.now() + timedelta(days=30)):
        assert "当初3ヶ月間" in browser_for().get("/terms").text
        assert "当初6ヶ月間" in browser_for().get("/terms/1").text, "what was issued stays readable"


def test_what_is_not_worse_may_hold_at_once(world, browser_for):
    staff = browser_for(world.admin)
    typed = {"summary": "字句の訂正", "text": changed_terms(), "effective_from": str(clock.today()), "publish": "1"}
    assert staff.post("/staff/terms/new/terms", typed).status == 303
    assert "当初3ヶ月間" in browser_for().get("/terms").text
    assert staff.post("/staff/terms/new/terms", typed).status == 422, "the same text is no new version"
    row = db.session.query(AuditEvent).filter_by(action="text.publish").one()
    assert row.details["text"] == "terms"


def test_consent_clauses_have_versions_of_their_own(world, browser_for):
    staff = browser_for(world.admin)
    text = terms_reading.consent_source(1) + "新しい条項です。\n"
    typed = {"summary": "追加", "text": text, "effective_from": str(clock.today()), "publish": "1"}
    assert staff.post("/staff/terms/new/consent", typed).status == 303
    assert "新しい条項です。" in browser_for().get("/privacy").text
    assert staff.get("/staff/terms/new/other").status == 404


@pytest.mark.parametrize(
    ("effective", "on", "number"),
    [
        ([], date(2026, 1, 1), 1),
        ([(2, date(2026, 4, 1))], date(2026, 3, 31), 1),
        ([(2, date(2026, 4, 1))], date(2026, 4, 1), 2),
        ([(2, date(2026, 6, 1)), (3, date(2026, 4, 1))], date(2026, 5, 1), 3),
        ([(2, date(2026, 4, 1)), (3, date(2026, 4, 1))], date(2026, 4, 1), 3),
    ],
)
def test_which_version_holds(effective, on, number):
    assert text_rules.in_force(effective, on) == number
