"""Reports in the forms of many mail servers, written for these tests with invented people."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from wem.bounces.reading import read
from wem.bounces.states import Kind, Severity

RETURNED = (
    "\nReturn-Path: <sender@news.example>\nFrom: News <sender@news.example>\nTo: reader@ex.example\n"
    "Subject: Hello\nMessage-ID: <m1@news.example>\n\nHello.\n"
)


@dataclass(frozen=True)
class Form:
    name: str
    sender: str
    subject: str
    text: str
    address: str
    severity: Severity
    headers: str = ""

    def raw(self) -> bytes:
        return (
            f"From: {self.sender}\nTo: sender@news.example\nSubject: {self.subject}\n"
            f"Date: Mon, 1 Jun 2026 10:00:00 +0900\nMessage-ID: <x1@mta.example>\n{self.headers}\n{self.text}"
        ).encode()


FORMS = [
    Form(
        "aol-screen",
        "Mail Delivery Subsystem <MAILER-DAEMON@aol.com>",
        "Returned mail: User unknown",
        (
            "The original message was received at Mon\n"
            "from x\n"
            "\n"
            "   ----- The following addresses had permanent fatal errors -----\n"
            "<noshow@aol.com>\n"
            "\n"
            "   ----- Transcript of session follows -----\n"
            "... while talking to air-xn02.mail.aol.com.:\n"
            ">>> RCPT To:<noshow@aol.com>\n"
            "<<< 550 noshow IS NOT ACCEPTING MAIL FROM THIS SENDER\n"
            "550 <noshow@aol.com>... User unknown\n"
            "\n"
            "   ----- Unsent message follows -----\n"
        )
        + RETURNED,
        "noshow@aol.com",
        Severity.soft,
        "",
    ),
    Form(
        "mdaemon",
        "MDaemon@ex.example",
        "Permanent Delivery Failure",
        (
            "The attached message had PERMANENT fatal delivery errors!\n"
            "\n"
            "After one or more unsuccessful delivery attempts the attached message has\n"
            "been removed from the mail queue on this server.\n"
            "\n"
            "The following recipient(s) did not receive the attached message:\n"
            "> reader@ex.example\n"
            "\n"
            "--- Session Transcript ---\n"
            " Mon 2026-06-01 10:00:00: <-- 220 mx\n"
            " Mon: --> RCPT To:<reader@ex.example>\n"
            " Mon: <-- 550 5.1.1 no such user\n"
            "--- End Transcript ---\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "mailenable",
        "Postmaster <postmaster@me.example>",
        "Message Delivery Failure",
        (
            "MailEnable: Message Delivery Failure.\n"
            "\n"
            "The following recipient(s) could not be reached:\n"
            "\n"
            "\tRecipient: [SMTP:reader@ex.example]\n"
            "\tReason: The message could not be delivered because the domain name (ex.example) does not appear "
            "to be registered.\n"
            "\n"
            "Message headers follow:\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "interscan",
        "postmaster@x.example",
        "Mail could not be delivered",
        (
            "****** Message from InterScan Messaging Security Suite ******\n"
            "\n"
            "Sent <<< RCPT TO:<reader@ex.example>\n"
            "Received >>> 550 5.1.1 <reader@ex.example>... user unknown\n"
            "\n"
            "Unable to deliver message to <reader@ex.example>.\n"
            "\n"
            "************************     End of message     **********************\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "domino",
        "Postmaster <postmaster@ex.example>",
        "DELIVERY FAILURE: User Reader (reader@ex.example) not listed in Domino Directory",
        (
            "Your message\n"
            "\n"
            "  Subject: Hello\n"
            "\n"
            "was not delivered to:\n"
            "\n"
            "  reader@ex.example\n"
            "\n"
            "because:\n"
            "\n"
            "  User Reader (reader@ex.example) not listed in Domino Directory\n"
            "\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "courier",
        '"Courier mail server at x" <@mx.example>',
        "NOTICE: mail delivery status.",
        (
            "This is a delivery status notification from mx.example,\n"
            "running the Courier mail server, version 0.65.2.\n"
            "\n"
            "The original message was received on Mon from x\n"
            "\n"
            "---------------------------------------------------------------------------\n"
            "\n"
            "                           UNDELIVERABLE MAIL\n"
            "\n"
            "Your message to the following recipients cannot be delivered:\n"
            "\n"
            "<reader@ex.example>:\n"
            "    mx.ex.example [192.0.2.10]:\n"
            ">>> RCPT TO:<reader@ex.example>\n"
            "<<< 550 5.1.1 <reader@ex.example>... User Unknown\n"
            "\n"
            "---------------------------------------------------------------------------\n"
            "\n"
            "If your message was also sent to additional recipients, their delivery\n"
            "status is not included in this report.\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "kddi",
        "no-reply@app.auone-net.jp",
        "Undelivered Mail Returned to Sender",
        (
            "Your mail sent on: Mon, 1 Jun 2026 10:00:00 +0900\n"
            "To: <reader@x0.dion.ne.jp> Could not be delivered to: <reader@x0.dion.ne.jp>\n"
            "As their mailbox is full.\n"
            "\n"
        ),
        "reader@x0.dion.ne.jp",
        Severity.soft,
        "",
    ),
    Form(
        "ezweb",
        "Postmaster@ezweb.ne.jp",
        "Mail System Error - Returned Mail",
        ("The user(s) account is temporarily over quota.\n\n<reader@ezweb.ne.jp>\n\n"),
        "reader@ezweb.ne.jp",
        Severity.soft,
        "",
    ),
    Form(
        "ezweb2",
        "Postmaster@ezweb.ne.jp",
        "Mail System Error - Returned Mail",
        ("The user(s) account is disabled.\n\n<reader@ezweb.ne.jp>\n\n"),
        "reader@ezweb.ne.jp",
        Severity.soft,
        "",
    ),
    Form(
        "exchange2007",
        "Microsoft Exchange <MicrosoftExchange329e71@ex.example>",
        "Undeliverable: Hello",
        (
            "reader@ex.example\n"
            "The e-mail address you entered couldn't be found. Please check the recipient's e-mail address and "
            "try to resend the message.\n"
            "\n"
            "Diagnostic information for administrators:\n"
            "\n"
            "Generating server: mta.example.org\n"
            "\n"
            "reader@ex.example\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n"
            "\n"
            "Original message headers:\n"
            "\n"
            "Received: from x\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "exchange-fr",
        "Administrateur <postmaster@ex.example>",
        "Non remis : Hello",
        (
            "Delivery has failed to these recipients or distribution lists:\n"
            "\n"
            "reader@ex.example\n"
            "The recipient's mailbox is full and can't accept messages now.\n"
            "\n"
            "Diagnostic information for administrators:\n"
            "\n"
            "reader@ex.example\n"
            "#554 5.2.2 mailbox full ##\n"
        ),
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "office365",
        "<postmaster@outlook.com>",
        "Undeliverable: Hello",
        (
            "[https://x]\n"
            "\n"
            "Your message to reader@ex.example couldn't be delivered.\n"
            "\n"
            "reader wasn't found at ex.example.\n"
            "\n"
            "sender\tOffice 365\treader\n"
            "Action Required\t\tRecipient\n"
            "\n"
            "Unknown To address\n"
            "\n"
            "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP "
            "address lookup'\n"
            "\n"
            "Original Message Headers\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "qmail dialect",
        "MAILER-DAEMON@ex.example",
        "failure notice",
        (
            "We're sorry. There's a problem with the e-mail address(es) you're trying to send to. Please verify "
            "the address(es) and try again.\n"
            "\n"
            "<reader@ex.example>:\n"
            "550 - Invalid recipient: reader@ex.example\n"
            "\n"
            "--- Below this line is a copy of the message.\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "sina",
        "mailer-daemon@sina.com",
        "=?utf-8?Q?=E7=B3=BB=E7=BB=9F=E9=80=80=E4=BF=A1?=",
        (
            "Failed to deliver to '<reader@sina.example>'\n"
            "LOCAL module(account test) reports:\n"
            " account is full (quota exceeded)\n"
        ),
        "reader@sina.example",
        Severity.soft,
        "",
    ),
    Form(
        "gmx",
        "Mail Delivery System <mailer-daemon@gmx.net>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n"
            "\n"
            "A message that you sent could not be delivered to one or more of\n"
            "its recipients. This is a permanent error. The following address\n"
            "failed:\n"
            "\n"
            '"reader@ex.example":\n'
            "SMTP error from remote server after RCPT command:\n"
            "host: mx.ex.example\n"
            "5.2.2 <reader@ex.example>... Mailbox Full\n"
            "\n"
            "--- The header of the original message is following. ---\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "eximlate",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Warning: message 1abc delayed 24 hours",
        (
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue on mx.example.\n"
            "\n"
            "The message identifier is:     1abc\n"
            "The subject of the message is: Hello\n"
            "\n"
            "The address to which the message has not yet been delivered is:\n"
            "\n"
            "  reader@ex.example\n"
            "\n"
            "No action is required on your part. Delivery attempts will continue for\n"
            "some time, and this warning may be repeated at intervals if the message\n"
            "remains undelivered.\n"
        ),
        "reader@ex.example",
        Severity.soft,
        "Auto-Submitted: auto-replied\n",
    ),
    Form(
        "facebook",
        "Facebook <mailer-daemon@mx.facebook.com>",
        "Sorry, your message could not be delivered",
        (
            "This message was created automatically by Facebook.\n"
            "\n"
            "Sorry, your message to reader@facebook.com could not be delivered.\n"
            "This person's privacy settings do not allow it.\n"
        ),
        "reader@facebook.com",
        Severity.soft,
        "",
    ),
    Form(
        "mxlogic",
        '"Mail Delivery System" <MAILER-DAEMON@p01.mxlogic.net>',
        "Mail delivery failed",
        (
            "This message was created automatically by mail delivery software.\n"
            "\n"
            "A message that you have sent could not be delivered to one or more recipients.  This is a permanent "
            "error.  The following address failed:\n"
            "\n"
            "  <reader@ex.example>: 550 5.1.1 <reader@ex.example>... User Unknown\n"
            "\n"
            "Included is a copy of the message header:\n"
            "-----------------------------------------\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "groupwise",
        "<Mailer-Daemon@ex.example>",
        "Message status - undeliverable",
        (
            "The message that you sent was undeliverable to the following:\n"
            "\treader@ex.example (550 5.1.1 User unknown)\n"
            "\n"
            "Possibly truncated original message follows:\n"
        )
        + RETURNED,
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "japanese gateway",
        "MAILER-DAEMON@ex.example",
        "=?iso-2022-jp?B?GyRCJWEhPCVrR1s/LiUoJWkhPBsoQg==?=",
        (
            "以下のメールは配信できませんでした。\n"
            "\n"
            "宛先: reader@ex.example\n"
            "理由: 550 5.1.1 <reader@ex.example>: Recipient address rejected: User unknown\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "Content-Type: text/plain; charset=utf-8\n",
    ),
    Form(
        "hotpop",
        '"Mail Delivery" <mailer-daemon@hotpop.com>',
        "Undeliverable Mail",
        (
            "Undeliverable Address:  reader@ex.example\n"
            "Reason:  User's mailbox is over quota\n"
            "\n"
            "Original message attached.\n"
        ),
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "usa.net",
        "Mail Delivery Agent <postmaster@usa.net>",
        "Delivery failure notification",
        ("Your message could not be delivered.\n\nIntended recipient:  reader@ex.example\n\nmessage expired\n"),
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "old sendmail",
        "MAILER-DAEMON@ex.example",
        "Mail failure",
        (
            "   ----- The following addresses had delivery problems -----\n"
            "<reader@ex.example>  (unrecoverable error)\n"
            "\n"
            "   ----- Transcript of session follows -----\n"
            "... while talking to mx.ex.example\n"
            ">>> RCPT To:<reader@ex.example>\n"
            "<<< 550 unknown user\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "prodigy",
        "MAILER-DAEMON@prodigy.net",
        "Returned mail: x",
        ("User's mailbox is full: <reader@ex.example>\nUnable to deliver mail.\n"),
        "reader@ex.example",
        Severity.soft,
        "",
    ),
    Form(
        "qmail in two languages",
        "MAILER-DAEMON@ex.example",
        "failure notice",
        (
            "Su mensaje no pudo ser entregado.\n"
            "Your message could not be delivered.\n"
            "\n"
            "<reader@ex.example>:\n"
            "192.0.2.1 does not like recipient.\n"
            "Remote host said: 550 5.1.1 User unknown\n"
            "Giving up on 192.0.2.1.\n"
            "\n"
            "--- Enclosed are the original headers of the message.\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "postfix-local",
        "MAILER-DAEMON@ex.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        (
            "This is the mail system at host ex.example.\n"
            "\n"
            "I'm sorry to have to inform you that your message could not\n"
            "be delivered to one or more recipients. It's attached below.\n"
            "\n"
            '<reader@ex.example>: unknown user: "reader"\n'
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "zoho",
        "mailer-daemon@mail.zoho.com",
        "Undelivered Mail Returned to Sender",
        (
            "This message was created automatically by mail delivery software.\n"
            " A message that you sent could not be delivered to one or more of its recipients. This is a "
            "permanent error. \n"
            "\n"
            "reader@ex.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <reader@ex.example>... User "
            "Unknown\n"
            "\n"
        ),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
    Form(
        "mail2000",
        "postmaster@ex.example",
        "Delivery Failed",
        ("Unable to send your message to\n  reader@ex.example : 550 5.1.1 User unknown\n"),
        "reader@ex.example",
        Severity.hard,
        "",
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_report_names_its_recipient_and_its_class(form: Form) -> None:
    found = read(form.raw())
    assert [(each.address, each.severity) for each in found.recipients] == [(form.address, form.severity)]
    assert found.kind in (Kind.bounce, Kind.delivered)


@pytest.mark.parametrize("form", [form for form in FORMS if "m1@news.example" in form.text], ids=lambda form: form.name)
def test_the_returned_message_is_told(form: Form) -> None:
    assert read(form.raw()).message_id == "<m1@news.example>"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_same_text_from_a_person_is_no_bounce(form: Form) -> None:
    raw = form.raw().replace(form.sender.encode(), b"Taro <taro@person.example>")
    quoted = raw.replace(b"Subject: ", b"Subject: Re: ", 1)
    assert read(quoted).kind in (Kind.normal, Kind.autoreply)


def test_a_late_report_is_no_bounce() -> None:
    late = next(form for form in FORMS if form.name == "eximlate")
    assert read(late.raw()).kind is Kind.delivered


def test_our_own_mail_coming_back_whole_is_no_bounce() -> None:
    raw = FORMS[0].raw().replace(b"<x1@mta.example>", b"<" + b"a" * 39 + b"@news.example>")
    assert read(raw).kind is Kind.normal


def test_json_notifications() -> None:
    told = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        '"reader@ex.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},'
        '"mail":{"headers":[{"name":"Message-ID","value":"<m1@news.example>"}]}}'
    )
    raw = b"From: SES <no-reply@sns.amazonaws.com>\nSubject: AWS Notification Message\n\n" + told.encode()
    found = read(raw)
    assert (found.kind, found.message_id) == (Kind.bounce, "<m1@news.example>")
    assert [(each.address, each.severity) for each in found.recipients] == [("reader@ex.example", Severity.hard)]
    complaint = told.replace("Bounce", "Complaint").replace("bounce", "complaint").replace("bouncedR", "complainedR")
    complaint = complaint.replace("complaintdR", "complainedR").replace("complaintType", "complaintFeedbackType")
    found = read(raw.replace(told.encode(), complaint.encode()))
    assert found.kind is Kind.feedback and [each.address for each in found.recipients] == ["reader@ex.example"]


def test_what_was_delivered_is_no_failure() -> None:
    raw = (
        b"From: MAILER-DAEMON@ex.example\nSubject: Successful Mail Delivery Report\nContent-Type: multipart/report;"
        b' report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: message/delivery-status\n\n'
        b"Reporting-MTA: dns; mx.ex.example\n\nFinal-Recipient: rfc822; reader@ex.example\nAction: delivered\n"
        b"Status: 2.0.0\nDiagnostic-Code: smtp; 250 2.0.0 Ok\n\n--b--\n"
    )
    found = read(raw)
    assert (found.kind, found.recipients[0].severity) == (Kind.delivered, Severity.other)
    assert found.recipients[0].reply == 250


@pytest.mark.parametrize(("header", "reason"), [("X-SPASIGN: NG\n", "filtered"), ("", "undefined")])
def test_au_says_in_a_header_that_its_reader_refused(header: str, reason: str) -> None:
    raw = (
        "From: Postmaster@ezweb.ne.jp\nTo: sender@news.example\nSubject: Mail System Error - Returned Mail\n"
        f"{header}\nThe following mail was not sent.\n\n<reader@ezweb.ne.jp>\n"
    )
    (told,) = read(raw.encode()).recipients
    assert (told.address, told.reason) == ("reader@ezweb.ne.jp", reason)
