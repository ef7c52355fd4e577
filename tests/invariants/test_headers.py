"""What every answer says to the browser: no foreign content, no inline script, no caching, no address to strangers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import PORTAL, PUBLIC
from tests.invariants.crawling import Answer, Crawl
from tests.invariants.sources import template_name, templates

# endpoint: why its policy is another.
OWN_POLICY = {
    "previews.html": "a mail as its readers see it, styled inline; in a sandbox where nothing runs",
    "staff_reviews.html": "the same, for staff",
    "brands.preview": "a sample mail, the same way",
    "archive.mail": "the same, for everybody",
    "mail_in_browser.show": "the same, for its reader",
    "designs.preview": "a design as a mail, the same way",
    "designs.frame": "the same of one that comes with WeM",
}
# endpoint: why it may be kept by the browser.
MAY_BE_KEPT = {
    "robots.robots": "says the same to everybody",
    "archive.feed": "asked for again and again by programs, which are told whether it has changed",
    "public_look.style": "a colour, under an address that names it",
    "public_images.show": "an image under a name that never is another's",
    "images.picture": "the same on our own pages, by who is signed in alone",
}
# Templates of programs of their own, and of mails, where styles stand inline because mail programs drop all else.
NO_SCREENS = ("emails/", "documents/", "components/mail.html")
SCREENS = [path for path in templates(".html") if not template_name(path).startswith(NO_SCREENS)]


def each(crawl: Crawl) -> list[Answer]:
    assert len(crawl.answers) > 100
    return crawl.answers


def test_the_policy_allows_our_own_files_only(crawl: Crawl) -> None:
    for answer in each(crawl):
        if answer.route in OWN_POLICY:
            continue
        policy = dict(part.strip().partition(" ")[::2] for part in answer.header("Content-Security-Policy").split(";"))
        assert policy.get("default-src") == "'self'", answer
        assert policy.get("script-src", "'self'") == "'self'", answer
        assert policy.get("style-src", "'self'") == "'self'", answer
        assert policy.get("object-src") == "'none'", answer
        assert policy.get("base-uri") == "'none'", answer
        assert policy.get("form-action") == "'self'", answer
        assert policy.get("frame-ancestors") in ("'none'", "'self'"), answer
        assert "unsafe" not in answer.header("Content-Security-Policy"), answer


def test_own_policies_are_no_weaker(crawl: Crawl) -> None:
    for answer in each(crawl):
        if answer.route in OWN_POLICY and answer.status == 200:
            policy = answer.header("Content-Security-Policy")
            assert "sandbox" in policy and "script-src" not in policy and "'unsafe-eval'" not in policy, answer
    assert set(OWN_POLICY) <= {answer.route for answer in crawl.answers}, "exceptions that are none any more"


def test_browsers_do_not_guess_types(crawl: Crawl) -> None:
    for answer in each(crawl):
        assert answer.header("X-Content-Type-Options") == "nosniff", answer
        if answer.status not in (204, 303, 302, 304):
            assert answer.mimetype, answer


def test_addresses_of_pages_are_not_told_to_strangers(crawl: Crawl) -> None:
    wanted = {PORTAL: "same-origin", PUBLIC: "no-referrer"}
    for answer in each(crawl):
        assert answer.header("Referrer-Policy") == wanted[answer.base_url], answer


def test_nothing_is_kept_by_the_browser(crawl: Crawl) -> None:
    for answer in each(crawl):
        if answer.route not in MAY_BE_KEPT:
            assert answer.header("Cache-Control") == "no-store", answer


def test_fragment_and_page_are_not_mistaken_for_each_other(crawl: Crawl) -> None:
    for answer in each(crawl):
        assert "HX-Request" in answer.header("Vary"), answer


def test_no_answer_tells_what_runs_here(crawl: Crawl) -> None:
    for answer in each(crawl):
        assert not answer.header("X-Powered-By"), answer
        assert "Traceback" not in answer.text, answer


@pytest.mark.parametrize("path", SCREENS, ids=template_name)
def test_no_template_holds_inline_script_or_style(path: Path) -> None:
    source = path.read_text("utf-8")
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.S)
    wrong = re.findall(
        r"<style\b|<script(?![^>]*\bsrc=)[^>]*>|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|hx-on\b", source
    )
    assert not wrong, wrong
