"""The main job as people do it, step by step over HTTP: for `bin/run --check`."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from wem.mailbox.client import MailboxClient
from wem.running.browsing import Browser, Form, Page, Unexpected
from wem.settings import ROOT, Settings

Step = tuple[str, Callable[[], object]]
MAIL_SECONDS = 60.0  # how long a mail may take through queue and worker
WORK_SECONDS = 60.0  # how long an upload may take
HUMAN = 1.5  # seconds between seeing a button and pressing it: faster is taken for a scanner of links
READERS = {"taro@reader.example": "髙橋 太郎", "hanako@reader.example": "﨑山 花子", "jiro@reader.example": "髙島 次郎"}
CSV = "メールアドレス,氏名\r\n" + "".join(f"{address},{name}\r\n" for address, name in READERS.items())
SUBJECTS = ("最初のお知らせ", "二回目のお知らせ")
BODY = '<p>{{ 氏名 | default: "お客" }}様、こんにちは。</p>'


class MainJob:
    """A staff member, a customer's owner and three readers; each step stands on the one before."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.settings, self.environ = settings, environ
        self.portal = settings.PORTAL_URL
        self.mailbox = MailboxClient(settings.MAILBOX_URL)
        self.password = secrets.token_urlsafe(16)
        self.staff, self.owner = Browser(), Browser()
        self.list_url = ""
        self.mailing_url = ""
        self.left = ""

    def steps(self) -> Iterator[Step]:
        """Yield what is done and how, in order."""
        yield "make an administrator", self.make_administrator
        yield "staff make a contract", self.make_contract
        yield "the owner takes up the invitation", self.take_up_invitation
        yield "sign in", self.sign_in
        yield "make a list", self.make_list
        yield "make a field", self.make_field
        yield "upload a CSV file as invitations", self.upload
        yield "confirmation mails arrive, readers press the button", self.confirm
        yield "compose and send a mailing", lambda: self.send(SUBJECTS[0])
        yield "every reader receives it, with the right name", lambda: self.receive(SUBJECTS[0], set(READERS))
        yield "one reader unsubscribes by the one-click header", self.unsubscribe
        yield "send a second mailing", lambda: self.send(SUBJECTS[1])
        yield "the others receive it", lambda: self.receive(SUBJECTS[1], set(READERS) - {self.left})

    def make_administrator(self) -> str:
        """The one act that is not HTTP: the first staff member is made on the machine."""
        email = "admin@provider.example"
        subprocess.run(
            [sys.executable, "-m", "wem.cli", "create-admin", "--email", email, "--name", "管理者"],
            cwd=ROOT,
            env={**os.environ, **self.environ, "WEM_ADMIN_PASSWORD": self.password},
            check=True,
            capture_output=True,
        )
        _sign_in(self.staff, self.portal, email, self.password)
        return email

    def make_contract(self) -> str:
        form = self.staff.get(f"{self.portal}/staff/contracts/new").form("slug", "owner_email")
        typed = {
            "name": "株式会社たしかめ",
            "kana": "カブシキガイシャタシカメ",
            "slug": "check-shop",
            "owner_name": "持田 主",
            "owner_email": "owner@check-shop.example",
            "postal_code": "190-0012",
            "postal_address": "東京都立川市曙町1-1-1",
            "contact": "owner@check-shop.example",
            "notice_email": "owner@check-shop.example",
        }
        for name, value in typed.items():
            form.fill(name, value)
        return self.staff.submit(form).title

    def take_up_invitation(self) -> str:
        [mail] = self.mailbox.wait_for("owner@check-shop.example", timeout=MAIL_SECONDS)
        form = self.owner.get(self._link(mail, "/invitations/")).form("password", "again")
        form.fill("password", self.password)
        form.fill("again", self.password)
        return self.owner.submit(form).title

    def sign_in(self) -> str:
        self.owner = Browser()
        return _sign_in(self.owner, self.portal, "owner@check-shop.example", self.password).title

    def make_list(self) -> str:
        form = self.owner.get(f"{self.portal}/lists/new").form("name", "slug")
        form.fill("name", "お得意様")
        form.fill("slug", "regulars")
        page = self.owner.submit(form)
        self.list_url = page.url
        return page.url

    def make_field(self) -> str:
        form = self.owner.get(f"{self.portal}/fields").form("label")
        form.fill("label", "氏名")
        return self.owner.submit(form).title

    def upload(self) -> str:
        form = self.owner.get(f"{self.list_url}/imports/new").form("kind", "file")
        form.fill("kind", "invitation")
        # As Excel in Japan saves it, with one row that cannot be taken.
        columns = self.owner.submit(form, files={"file": ("読者.csv", f"{CSV}no address,名無し\r\n".encode("cp932"))})
        form = columns.form("use-0", "use-1", "how", "when")
        if dict(form.fields)["use-0"] != "address" or not dict(form.fields)["use-1"].startswith("field:"):
            raise Unexpected(f"the columns are taken for {form.fields}")
        form.fill("how", "店頭の申込書")
        form.fill("when", "2026年10月")
        checked = self._wait_for_form(self.owner.submit(form), "/apply")
        return self.owner.submit(checked).title

    def _wait_for_form(self, page: Page, action: str) -> Form:
        """Load a page again until it has a form that leads there: what a person does who waits for a worker."""
        deadline = time.monotonic() + WORK_SECONDS
        while True:
            try:
                return page.form(action=action)
            except Unexpected:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)
            page = self.owner.get(page.url)

    def confirm(self) -> str:
        pages: list[tuple[Browser, Form]] = []
        for address in READERS:
            [mail] = self.mailbox.wait_for(address, timeout=MAIL_SECONDS)
            reader = Browser()
            page = reader.get(self._link(mail, "/c/"))
            if list(reader.cookies):
                raise Unexpected(f"{page.described()} sets a cookie")
            pages.append((reader, page.form(action="/c/")))
        time.sleep(HUMAN)
        return [reader.submit(form) for reader, form in pages][-1].title

    def send(self, subject: str) -> str:
        form = self.owner.get(f"{self.portal}/mailings/new?kind=html").form("subject", "lists", "html")
        form.fill("lists", self.list_url.rpartition("/")[2])
        form.fill("subject", subject)
        form.fill("html", BODY)
        form = self.owner.submit(form, "check").form("when")
        form.fill("when", "now")
        form = self.owner.submit(form).form("version", action="/send")
        page = self.owner.submit(form)
        self.mailing_url = page.url
        return page.title

    def receive(self, subject: str, addresses: set[str]) -> str:
        self._wait_done()
        # The mailing is done: who has no mail now gets none.
        found = self.mailbox.wait_for(subject=subject, count=len(addresses), timeout=MAIL_SECONDS)
        # The owner is told that it is done, in a mail whose subject names it.
        mails = [mail for mail in found if mail["subject"] == subject]
        got = sorted(mail["recipient"] for mail in mails)
        if got != sorted(addresses):
            raise Unexpected(f"{subject} went to {', '.join(got)}")
        for mail in mails:
            read = self.mailbox.mail(mail["id"])
            if f"{READERS[mail['recipient']]}様" not in f"{read['html']}{read['text']}":
                raise Unexpected(f"the mail to {mail['recipient']} does not name {READERS[mail['recipient']]}")
        return f"{len(got)} mails"

    def _wait_done(self) -> None:
        """Ask for the numbers of the mailing, as its page does, until they are those of a mailing that is done."""
        deadline = time.monotonic() + MAIL_SECONDS
        while True:
            try:
                self.owner.get(f"{self.mailing_url}/progress?state=done")
                return
            except Unexpected as error:
                if time.monotonic() > deadline:
                    raise Unexpected(f"{self.mailing_url} is not done: {error}") from error
            time.sleep(0.1)

    def unsubscribe(self) -> str:
        """As the mail program's button does, without a page and without cookies (RFC 8058)."""
        self.left = sorted(READERS)[0]
        [mail] = self.mailbox.wait_for(self.left, SUBJECTS[0])
        headers = self._read(mail)
        if headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click":
            raise Unexpected(f"List-Unsubscribe-Post is {headers['List-Unsubscribe-Post']!r}")
        targets = [part.strip(" <>") for part in str(headers["List-Unsubscribe"]).split(",")]
        [target] = [part for part in targets if part.startswith("http")]
        Browser().post(target, {"List-Unsubscribe": "One-Click"})
        return self.left

    def _link(self, mail: dict[str, Any], part: str) -> str:
        """Return the link of a mail whose address contains this part."""
        links = [_address(link) for link in self.mailbox.mail(mail["id"])["links"]]
        found = [link for link in links if part in link]
        if not found:
            raise Unexpected(f"“{mail['subject']}” has no link with {part!r}, only: {', '.join(links)}")
        return found[0]

    def _read(self, mail: dict[str, Any]) -> EmailMessage:
        parsed = message_from_bytes(self.mailbox.source(mail["id"]), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def _sign_in(browser: Browser, portal: str, email: str, password: str) -> Page:
    form = browser.get(f"{portal}/login").form("email", "password")
    form.fill("email", email)
    form.fill("password", password)
    page = browser.submit(form)
    if "/login" in page.url:
        raise Unexpected(f"{email} could not sign in: {page.described()}")
    return page


def _address(link: Any) -> str:
    return str(link["url"] if isinstance(link, dict) else link)
