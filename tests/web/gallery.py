"""Every component with sample values in every layout: looked at by the tests, and the example to copy from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, flash, render_template, request
from flask_babel import Babel, get_locale
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    EmailField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional

from wem.settings import ROOT
from wem.web.headers import POLICY

LAYOUTS = ("customer", "staff", "partner", "public", "hosted", "bare")
NAVIGATION = {
    "customer": ["ホーム", "リスト", "メール", "ご契約"],
    "staff": ["作業一覧", "ご契約", "アップロード", "関係者", "送信状況", "記録"],
    "partner": ["お申込み"],
}


class AddressForm(Form):
    postal = StringField("郵便番号", [DataRequired("郵便番号を入力してください。")])
    town = StringField("住所")


class SampleForm(FlaskForm):
    """One field of every kind."""

    name = StringField(
        "リストの名前", [DataRequired("リストの名前を入力してください。")], description="登録フォームに表示されます。"
    )
    mail = EmailField("メールアドレス", [DataRequired("メールアドレスを入力してください。")])
    password = PasswordField("パスワード", [DataRequired("パスワードを入力してください。")])
    count = IntegerField("登録メールアドレス数", [Optional()])
    when = DateTimeLocalField("配信日時", [Optional()])
    day = DateField("開始日", [Optional()])
    course = SelectField(
        "コース", choices=[SelectChoice("a", "1,000件まで"), SelectChoice("b", "5,000件まで")], default="a"
    )
    body = TextAreaField("説明")
    how = RadioField(
        "登録の方法",
        [DataRequired("選択してください。")],
        choices=[SelectChoice("double", "確認メールで登録"), SelectChoice("single", "その場で登録")],
    )
    days = SelectMultipleField(
        "曜日",
        choices=[SelectChoice(str(n), day) for n, day in enumerate("月火水")],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )
    file = FileField("名簿ファイル", [FileRequired("ファイルを選んでください。")], description="CSVまたはExcel。")
    address = FormField(AddressForm, label="ご住所")
    tags = FieldList(StringField("タグ"), min_entries=2, label="タグ")
    agree = BooleanField("利用約款に同意します", [DataRequired("同意が必要です。")])
    step = HiddenField()


class NoteForm(FlaskForm):
    note = TextAreaField("記録用のメモ")


def make_gallery(folder: Path) -> Flask:
    """Return an application of one page; its catalogue is compiled into `folder`.

    `/?layout=staff&lang=en&theme=dark&bad=1&flash=1` chooses; `/error/404` shows an error page, `/mail` a mail.
    """
    catalogue = folder / "ja" / "LC_MESSAGES"
    catalogue.mkdir(parents=True, exist_ok=True)
    with (ROOT / "wem/translations/ja/LC_MESSAGES/web.po").open("rb") as source:
        with (catalogue / "web.mo").open("wb") as target:
            write_mo(target, read_po(source))
    app = Flask("gallery", static_folder=ROOT / "static", template_folder=ROOT / "templates")
    app.jinja_options = {
        "loader": jinja2.FileSystemLoader([ROOT / "templates", Path(__file__).parent / "templates"]),
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.config.update(
        SECRET_KEY="gallery",
        BABEL_TRANSLATION_DIRECTORIES=str(folder),
        BABEL_DOMAIN="web",
        BABEL_DEFAULT_LOCALE="ja",
    )
    Babel(app, locale_selector=lambda: request.args.get("lang", "ja"))
    CSRFProtect(app)

    @app.after_request
    def _policy(response: Response) -> Response:
        if request.path != "/mail":
            response.headers["Content-Security-Policy"] = POLICY.format(frames="'none'")
        return response

    @app.context_processor
    def _context() -> dict[str, Any]:
        labels = NAVIGATION.get(layout(), [])
        return {
            "current_account": SimpleNamespace(name="山田 太郎", email="yamada@example.jp"),
            "current_customer": SimpleNamespace(name="株式会社さくら書店", slug="sakura"),
            "memberships_count": 2,
            "nav_items": [SimpleNamespace(label=label, url=f"#{n}", current=n == 1) for n, label in enumerate(labels)],
            "theme": request.args.get("theme", request.cookies.get("theme", "")),
            "languages": [("ja", "日本語"), ("en", "English")],
            "current_language": str(get_locale()),
            "asset": lambda path: f"/static/{path}?v=1",
            "public_url": lambda path: "http://readers.localhost:8001" + path,
            "settings": SimpleNamespace(PROVIDER_NAME="日本IP通信株式会社"),
        }

    def layout() -> str:
        return request.args.get("layout", "customer")

    @app.route("/")
    def gallery() -> tuple[str, int]:
        if "flash" in request.args:
            flash("保存しました。", "success")
            flash("接続できませんでした。", "error")
        bad = "bad" in request.args
        form = SampleForm(meta={"csrf": False} if bad else {})
        if bad:
            form.process(None)
            form.validate()
        values = {"sender_name": "さくら書店", "home_url": "/h/sakura/", "layout": f"layouts/{layout()}.html"}
        return render_template("gallery.html", form=form, note=NoteForm(), **values), 422 if bad else 200

    @app.route("/error/<code>")
    def error(code: str) -> str:
        return render_template(f"errors/{code}.html")

    @app.route("/mail")
    def mail() -> str:
        return render_template("gallery_mail.html")

    @app.route("/done", methods=["POST"])
    def done() -> str:
        return "<!doctype html><title>done</title><h1>done</h1>" + ",".join(sorted(request.form))

    @app.route("/broken", methods=["POST"])
    def broken() -> tuple[str, int]:
        return "broken", 500

    return app
