"""A report about an unknown user, as a mail server sends it back."""

from __future__ import annotations

from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText


def bounce_of(dispatch_id: int, seq: int, number: int) -> bytes:
    """Return a report (RFC 3464) as Postfix writes it about a user that is unknown."""
    address = f"reader{seq}@readers.example.com"
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["From"] = "MAILER-DAEMON@mx.example.com (Mail Delivery System)"
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Message-ID"] = f"<{number}.{dispatch_id}.{seq}@mx.example.com>"
    report.attach(MIMEText("This is the mail system at host mx.example.com.\n", "plain", "us-ascii"))
    status = MIMEBase("message", "delivery-status")
    about, of_recipient = Message(), Message()
    about["Reporting-MTA"] = "dns; mx.example.com"
    of_recipient["Final-Recipient"] = f"rfc822; {address}"
    of_recipient["Action"] = "failed"
    of_recipient["Status"] = "5.1.1"
    of_recipient["Diagnostic-Code"] = f"smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown"
    status.set_payload([about, of_recipient])
    report.attach(status)
    return report.as_bytes()
