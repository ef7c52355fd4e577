"""Bounces and complaints that Amazon SES tells as JSON, mailed on by SNS."""

from __future__ import annotations

import json
from typing import Any

from wem.bounces.address_rules import first_address
from wem.bounces.mail_parts import Part
from wem.bounces.outcomes import Said, delivered, failed
from wem.bounces.report_fields import host_of
from wem.bounces.states import Kind, Reading, Reason, Reported, Severity

MOST_RECIPIENTS = 500

_LISTS = {"Bounce": ("bounce", "bouncedRecipients"), "Complaint": ("complaint", "complainedRecipients")}


def read_notification(leaves: list[Part]) -> Reading | None:
    """Return what a notification says; None when the mail is none."""
    for leaf in leaves[:2]:
        begins = leaf.body[:200].lstrip()[:1]
        if begins == b"{" and (b"otificationType" in leaf.body or b"eventType" in leaf.body):
            told = _object(leaf.text().replace("!\n ", "").replace("\n", ""))
            return _reading(told) if told else None
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        told, _ = json.JSONDecoder().raw_decode(text.lstrip())
        if isinstance(told, dict) and isinstance(told.get("Message"), str):
            told = json.loads(told["Message"])
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _reading(told: dict[str, Any]) -> Reading | None:
    kind = told.get("notificationType") or told.get("eventType")
    message_id = _message_id(told.get("mail"))
    if kind == "Delivery":
        inside = told.get("delivery")
        names = inside.get("recipients") if isinstance(inside, dict) else None
        recipients = tuple(delivered(name, Said()) for name in _texts(names))
        return Reading(Kind.delivered, recipients, message_id=message_id)
    if kind not in _LISTS:
        return None
    name, of_whom = _LISTS[kind]
    inside = told.get(name)
    if not isinstance(inside, dict) or not isinstance(inside.get(of_whom), list):
        return None
    each = [one for one in inside[of_whom][:MOST_RECIPIENTS] if isinstance(one, dict)]
    if kind == "Complaint":
        complained = tuple(
            Reported(address, Severity.other, Reason.feedback)
            for one in each
            if (address := first_address(str(one.get("emailAddress", ""))))
        )
        return Reading(Kind.feedback, complained, str(inside.get("complaintFeedbackType") or "abuse"), message_id)
    reporter = host_of(str(inside.get("reportingMTA", "")))
    recipients = tuple(
        failed(address, _said(one, reporter, inside.get("bounceType")))
        for one in each
        if (address := first_address(str(one.get("emailAddress", ""))))
    )
    return Reading(Kind.bounce, recipients, message_id=message_id) if recipients else None


def _said(one: dict[str, Any], reporter: str, kind: object) -> Said:
    diagnostic = str(one.get("diagnosticCode", "")).removeprefix("smtp;").strip()
    status = str(one.get("status", "")) or ("4.0.0" if kind == "Transient" else "")
    domain = str(one.get("emailAddress", "")).rpartition("@")[2].strip("> ")
    return Said(diagnostic=diagnostic[:2000], status=status, host=domain, reporter=reporter)


def _texts(names: object) -> list[str]:
    return [each for each in names[:MOST_RECIPIENTS] if isinstance(each, str)] if isinstance(names, list) else []


def _message_id(mail: object) -> str | None:
    headers = mail.get("headers") if isinstance(mail, dict) else None
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("name", "")).lower() == "message-id":
            return str(header.get("value", ""))[:900] or None
    return None
