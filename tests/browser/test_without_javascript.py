"""The main job where no script runs: list, upload, compose, send; whoever waits reloads."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja
from tests.browser.steps import follow, press
from tests.service import Service

pytestmark = pytest.mark.browser


def test_list_upload_compose_send(service: Service, opened: Opened) -> None:
    email, _ = steps.make_newcomer(service, "script")
    page = opened(javascript=False)
    steps.sign_in(page, service, email)
    page.goto(f"{service.portal}/dashboard")
    follow(page, "Make your first list")
    steps.make_list(page, "お得情報", "script")

    follow(page, "Uploads")
    steps.upload(page, "readers-messy.csv", "Invite readers")
    steps.reload_until(page, ja("Effect on the month's peak"))
    invited = steps.figures(page)[ja("New")].split()[0]
    steps.confirmed(page, "Send the invitations")
    steps.reload_until(page, ja("Invitations sent"))
    assert steps.figures(page)[ja("Invitations sent")].startswith(invited)
    assert service.mailbox.wait_for(recipient="yamada901@mail.example.jp")

    steps.make_readers(service, "script", {"script-reader@readers.example.com": "髙橋 一郎"})
    page.goto(f"{service.portal}/mailings")
    follow(page, "New mailing")
    follow(page, "Use HTML")
    html = '<p>{{ 氏名 | default: "お客様" }}様、新茶が入りました。</p>'
    steps.compose(page, "新茶のお知らせ", html, "お得情報")
    press(page, "Save and check")
    press(page, "Continue to confirmation")
    press(page, "Send")
    steps.reload_until(page, ja("Completed"))
    assert steps.figures(page)[ja("Accepted")] == "1"
    [mail] = service.mailbox.wait_for(recipient="script-reader@readers.example.com")
    assert "髙橋 一郎様、新茶が入りました。" in service.mailbox.mail(mail["id"])["text"]

    press(page, "Duplicate")
    expect(page.get_by_label(ja("Subject"), exact=True)).to_have_value(re.compile("新茶のお知らせ"))
    page.locator(".menu-account > summary").click()
    page.get_by_role("button", name=ja("Sign out")).click()
    expect(page).to_have_url(f"{service.portal}/login")
