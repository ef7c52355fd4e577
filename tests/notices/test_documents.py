"""Every kind of notice as a document: its name, its words, and on contract documents terms, law and court."""

import pypdfium2
import pytest

from tests.documents.test_documents import words as words_of
from wem.contracts import addressing
from wem.db import db
from wem.notices import letters, telling
from wem.notices.rules import NoticeKind, Words
from wem.notices.wording import DOCUMENTS, KINDS

# japan-rules 9, those of billing and of readers aside.
NAMES = {
    NoticeKind.initial_fee: "初回料金のご案内",
    NoticeKind.supplement: "申込書補正のご依頼",
    NoticeKind.refusal: "お申込みに関する通知書（拒絶）",
    NoticeKind.start_guide: "利用開始のご案内",
    NoticeKind.request_received: "受付通知書",
    NoticeKind.request_accepted: "承諾通知書",
    NoticeKind.request_refused: "不承諾通知書",
    NoticeKind.request_applied: "完了通知書",
    NoticeKind.details_changed: "届出内容変更受付通知書",
    NoticeKind.cancellation_received: "解約受付通知書",
    NoticeKind.contract_ended: "契約終了（解約完了）通知書",
    NoticeKind.non_renewal: "更新拒絶通知書",
    NoticeKind.correction: "是正勧告書",
    NoticeKind.correction_closed: "是正勧告に関する通知書",
    NoticeKind.takedown: "公開停止に関する通知書",
    NoticeKind.details_mended: "登録内容訂正通知書",
    NoticeKind.takedown_lifted: "公開停止の解除に関する通知書",
    NoticeKind.restriction_lifted: "利用制限の解除に関する通知書",
    NoticeKind.deletion: "登録情報の削除に関する通知書",
    NoticeKind.mandate_returned: "口座振替依頼書の再提出のご依頼",
    NoticeKind.termination: "契約解除通知書",
    NoticeKind.suspension: "利用停止通知書",
    NoticeKind.resumed: "利用再開承認通知書",
    NoticeKind.resume_refused: "利用再開不承認通知書",
}


@pytest.fixture
def every_kind(world):
    """A letter of each kind, one of them with nothing in its table."""
    told = []
    for kind in NoticeKind:
        words = Words(f"{kind.value}の件", ["本文です。\n二行目です。"], [("契約番号", "W26-000001")], ["なお書き"])
        if kind is NoticeKind.general:
            words = Words("お知らせの件", ["本文です。"], contract=False)
        about = addressing.about(world.ours.contract)
        given = {"customer_id": world.ours.customer.id, "about": about, "by_letter": True, "terms_version": 3}
        told.append(telling.tell(addressing.addressee(world.ours.contract), words, kind, **given))
    db.session.commit()
    return told


def test_every_kind_has_its_words_and_a_document():
    assert set(KINDS) == set(DOCUMENTS) == set(NoticeKind)


def test_the_document_of_every_kind(every_kind):
    content = letters.pdf(every_kind)
    with pypdfium2.PdfDocument(content) as pdf:
        assert len(pdf) == len(NoticeKind)
    for page, notice in enumerate(every_kind):
        found = words_of(content, page)
        assert notice.number in found and "株式会社髙橋商店御中" in found and "日本IP通信株式会社" in found
        assert NAMES.get(notice.kind, "") in found
        assert notice.title in found, notice.kind
        binding = notice.kind is not NoticeKind.general
        for each in ("第3版", "日本法", "東京地方裁判所立川支部", "記", "以上"):
            assert (each in found) is binding, (notice.kind, each)
