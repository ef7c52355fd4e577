"""An application as people type it, and one as it stands in the database."""

from __future__ import annotations

from typing import Any

from wem.contracts import applying
from wem.contracts.application_models import Application
from wem.contracts.application_rules import Way
from wem.contracts.applying import Typed
from wem.db import db

# As people type: full width digits, half width kana, hiragana.
TYPED = {
    "kind": "company",
    "name": "株式会社　しんき商店",
    "kana": "かぶしきがいしゃしんきしょうてん",
    "corporate_number": "７０１０７０５０００７２５",
    "representative": "代表取締役 新木 三郎",
    "person": "新木 四郎",
    "postal_code": "１９０００１２",
    "address": "東京都立川市曙町３－３－３　しんきビル",
    "phone": "０４２（１２３）４５６７",
    "email": "Shinki@shinki.example.jp",
    "course": "standard",
    "bank": "みずほ銀行",
    "branch": "001",
    "account_type": "1",
    "account_number": "７６５４３",
    "account_holder": "ｶ)ｼﾝｷｼｮｳﾃﾝ",
    "partner_code": "p001",
    "terms": "y",
    "consent": "y",
    "website": "",
}
ENTRIES = {
    "kind": "company",
    "name": "株式会社しんき商店",
    "kana": "カブシキガイシャシンキショウテン",
    "corporate_number": "7010705000725",
    "representative": "代表取締役 新木 三郎",
    "person": "新木 四郎",
    "postal_code": "190-0012",
    "address": "東京都立川市曙町3-3-3",
    "phone": "042-123-4567",
    "email": "shinki@shinki.example.jp",
    "course": "standard",
    "options": [],
    "campaign": "",
    "bank": "みずほ",
    "bank_code": "0001",
    "branch": "東京営業部",
    "branch_code": "001",
    "account_type": "1",
    "account_number": "0076543",
    "account_holder": "カ)シンキシヨウテン",
    "partner_code": "",
}


def make_application(*, phone_mail: bool = False, way: Way = Way.web, **changed: Any) -> Application:
    """An application whose form is awaited; commits."""
    application = applying.write_down(Typed({**ENTRIES, **changed}, way, phone_mail))
    applying.fill(application, by=None)
    db.session.commit()
    return application
