"""The mail to the customer's person who handed in an upload: staff have decided."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem.accounts.models import Account
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(days=2)


def decided(upload: Upload, account: Account) -> SystemMail:
    """Say whether the upload was approved, with staff's note; no address of a reader stands in it."""
    approved = upload.state is not UploadState.refused
    url = f"{settings().PORTAL_URL.rstrip('/')}/lists/{upload.list_id}/imports/{upload.id}"
    with force_locale(account.language):
        if approved:
            subject = gettext("Your upload was approved: %(list)s", list=upload.mailing_list.name)
        else:
            subject = gettext("Your upload was not approved: %(list)s", list=upload.mailing_list.name)
        values = {
            "name": account.name,
            "upload": upload,
            "approved": approved,
            "url": url,
            "settings": settings(),
            "current_language": account.language,
        }
        return SystemMail(
            kind="upload_decided",
            recipient=account.email,
            subject=subject,
            text=render_template("emails/lists/upload_decided.txt", **values),
            html=render_template("emails/lists/upload_decided.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )
