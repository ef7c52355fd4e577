"""The provider's own pages: open to everybody, in both languages; the terms complete."""

import re
import unicodedata

import pytest
import sqlalchemy as sa

from wem import clock
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


def test_no_apply_before_it_exists(world, browser_for):
    assert 'href="/apply' not in browser_for().get("/").html


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
    assert "1.0" in page.text and "2026" in page.text
    assert "到達" not in page.text
    assert "{{ 氏名" in page.text
