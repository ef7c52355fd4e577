"""The small browser that `bin/run --check` uses."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from wem.running.browsing import Browser, Unexpected

FORM = """<!doctype html><title>登録
 フォーム</title>
<form action="/search"><input name="q" value="x"><button>探す</button></form>
<form method="post" action="send?a=1" enctype="{enctype}">
<input type="hidden" name="csrf_token" value="t&amp;k">
<input name="name" value="山田">
<input name="gone" value="1" disabled>
<input type="checkbox" name="kind" value="a" checked><input type="checkbox" name="kind" value="b">
<input type="radio" name="way" value="now"><input type="radio" name="way" value="later" checked>
<select name="list"><option value="1">一</option><option value="2" selected>二</option></select>
<select name="plain"><option>甲</option><option>乙</option></select>
<textarea name="body">
一行目
</textarea>
<input type="file" name="file">
<button name="act" value="preview">確認</button>
<button type="submit" name="act" value="go">送信</button>
<button type="button" name="act" value="no">何もしない</button>
</form><a href="../lists/7">リスト</a>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(303)
            self.send_header("Location", "/form")
            self.send_header("Set-Cookie", "session=abc; Path=/; HttpOnly")
            self.end_headers()
            return
        self._answer(200, FORM.format(enctype="" if self.path == "/form" else "multipart/form-data"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(422 if self.path == "/refuse" else 200, f"{self.path}\n{self.headers.get('Cookie')}\n{body}")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_form_goes_back_as_it_stands(site: str) -> None:
    browser = Browser()
    page = browser.get(f"{site}/moved")
    assert (page.url, page.title) == (f"{site}/form", "登録 フォーム")
    assert page.link("/lists/") == f"{site}/lists/7"
    form = page.form("csrf_token")
    assert form.choices == {"kind": ["a", "b"], "way": ["now", "later"], "list": ["1", "2"], "plain": ["甲", "乙"]}
    form.fill("name", "髙橋")
    path, cookie, body = browser.submit(form, "送信").text.split("\n", 2)
    assert path == "/send?a=1"
    assert cookie == "session=abc"
    assert sorted(parse_qsl(body)) == sorted(
        [
            ("act", "go"),
            ("body", "一行目\n"),
            ("csrf_token", "t&k"),
            ("kind", "a"),
            ("list", "2"),
            ("name", "髙橋"),
            ("plain", "甲"),
            ("way", "later"),
        ]
    )


def test_a_file_goes_with_the_form(site: str) -> None:
    browser = Browser()
    form = browser.get(f"{site}/upload").form("file")
    assert form.files == ["file"]
    sent = browser.submit(form, files={"file": ("読者.csv", b"mail\r\na@example.jp\r\n")}).text
    assert 'filename="読者.csv"' in sent
    assert "a@example.jp" in sent
    assert 'name="act"\r\n\r\npreview' in sent


def test_what_is_not_there_is_named(site: str) -> None:
    browser = Browser()
    page = browser.get(f"{site}/form")
    with pytest.raises(Unexpected, match=r"no form .* with nothing"):
        page.form("nothing")
    with pytest.raises(Unexpected, match="has no field 'nothing'"):
        page.form("name").fill("nothing", "1")
    with pytest.raises(Unexpected, match="no link with '/mailings'"):
        page.link("/mailings")
    with pytest.raises(Unexpected, match="422"):
        browser.post(f"{site}/refuse", {})
    with pytest.raises(Unexpected, match="does not answer"):
        browser.get("http://127.0.0.1:9/")
