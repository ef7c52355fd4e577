"""The audit trail says what an event noted in words."""

import ast

import pytest

from tests.invariants.sources import modules
from wem import audit
from wem.contracts.models import DETAILS
from wem.db import Base, db
from wem.lists.upload_texts import BROKE_OFF_TEXTS
from wem.staff.trail_wording import LABELS, SUBJECTS
from wem.staff.wording import ACTIONS, AREAS


def test_every_recorded_detail_has_a_label():
    # What is handed on as a dictionary: its keys, by the file that does it.
    handed_on = {
        "wem/mailings/models.py": {"at", "portions", "reason", "was"},
        "wem/sequences/models.py": {"reason"},
        "wem/inquiries/answering.py": {"on", "person", "reason"},
        "wem/contracts/models.py": set(DETAILS),
        "wem/contracts/application_models.py": {"day", "ground", "handed", "start", "way"},
    }
    unlabelled, dictionaries = [], set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                keys = {keyword.arg for keyword in node.keywords} - {"by", "customer_id", "subject"}
                if None in keys:
                    file = module.where(node).partition(":")[0]
                    dictionaries.add(file)
                    keys = keys - {None} | handed_on[file]
                unlabelled += [f"{module.where(node)}: {key}" for key in sorted(keys - set(LABELS))]
    assert not unlabelled, "\n".join(unlabelled)
    assert dictionaries == set(handed_on)


def test_every_subject_of_an_event_has_words(app):
    recorded = {
        "Account",
        "Contract",
        "Customer",
        "Dispatch",
        "Field",
        "Invitation",
        "Mailing",
        "MailingList",
        "Membership",
    }
    recorded |= {
        "Alarm",
        "Announcement",
        "Application",
        "Conversation",
        "Design",
        "EmergencyStop",
        "Image",
        "InboundMail",
        "Incident",
        "Inquiry",
        "Notice",
        "TextVersion",
    }
    recorded |= {"Partner", "Segment", "SenderDomain", "Sequence", "Subscriber", "Tester", "Upload"}
    recorded |= {"Campaign", "ContractRequest", "Correction", "Course", "Option", "PriceList", "Receivable", "Invoice"}
    recorded |= {"Erasure", "SenderName"}
    recorded |= {"Mandate", "RenewalRefusal", "Revocation", "Termination"}
    recorded |= {"BankStatement", "DebitEntry", "DebitRun", "Payment", "Refund", "AgreedPrice"}
    recorded |= {
        "Case",
        "Claim",
        "Deletion",
        "Report",
        "Takedown",
        "Talk",
        "Disclosure",
        "OperationOrder",
        "UsePurpose",
        "News",
    }
    assert recorded == set(SUBJECTS)
    assert recorded <= {mapper.class_.__name__ for mapper in Base.registry.mappers}


DETAILS_SHOWN = [
    (
        "contract.suspend",
        {"ground": "nonpayment", "note": "督促3回"},
        ["根拠： 料金の未払い", "記録用のメモ： 督促3回"],
    ),
    ("termination.propose", {"scope": "whole"}, ["範囲： ご契約の全部"]),
    ("correction.close", {"state": "withdrawn"}, ["状態： 取り下げ"]),
    ("inbound.erase", {"route": "help_desk"}, ["： ヘルプデスク"]),
    ("contract.void", {"ground": 2}, ["根拠： 届出事項に虚偽の記載"]),
    ("contract.details", {"contact": ["", "03-1234-5678"]}, ["お問い合わせ", "– → 03-1234-5678"]),
    ("contract.attested_uploads", {"on": True}, ["有効： はい"]),
    ("contract.create", {"start": "2026-04-01"}, ["利用開始日： 2026年4月1日（水）"]),
    ("contract.create", {"course": "standard"}, ["コース： スタンダード"]),
    ("mailing.schedule", {"at": "2026-04-01T01:00:00+00:00"}, ["送信予定日時： 2026年4月1日（水） 10:00"]),
    ("mailing.hold", {"reason": "missed"}, ["理由： 予約時刻の経過"]),
    ("mailing.test", {"testers": [3, 4]}, ["テスト送信先（番号3）、テスト送信先（番号4）"]),
    ("upload.receive", {"kind": "stop_list", "list": 7}, ["種類： 停止リスト", "リスト（番号7）"]),
    ("upload.checked", {"good": 12345, "problem": "", "bad": 0}, ["12,345", "受け付けなかった行： 0"]),
    ("upload.failed", {"problem": "file_empty"}, ["問題： ファイル"]),
    ("upload.failed", {"problem": "file_gone"}, ["もう一度アップロード"]),
    *[("upload.failed", {"problem": code}, ["弊社の障害による中断"]) for code in sorted(BROKE_OFF_TEXTS)],
    ("team.role", {"role": "editor"}, ["役割： 担当者"]),
    ("subscriber.find", {"found": False}, ["該当： いいえ"]),
]


@pytest.mark.parametrize(("action", "details", "shown"), DETAILS_SHOWN, ids=[row[0] for row in DETAILS_SHOWN])
def test_details_are_in_words(world, browser_for, action, details, shown):
    audit.record(action, by=None, customer_id=world.ours.customer.id, subject=world.ours.mailing, **details)
    db.session.commit()
    text = browser_for(world.admin).get("/staff/audit").text
    assert f"メール（番号{world.ours.mailing.id}）" in text
    for words in shown:
        assert words in text


def test_every_act_is_found_by_an_area():
    assert {f"{action.partition('.')[0]}." for action in ACTIONS} == set(AREAS)
