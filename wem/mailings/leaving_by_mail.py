"""List-Unsubscribe by mail (RFC 2369): a mail to `u.<id>@` stops that reader, whoever sends it."""

from __future__ import annotations

import sqlalchemy as sa

from wem.arriving import ArrivedMail, Fate
from wem.db import db
from wem.delivery.identity import identity_keys, read_unsubscribe_address
from wem.delivery.models import Delivery, Dispatch
from wem.lists import leaving, preferences
from wem.lists.taking_mail import first_time
from wem.mail_reading import raw_headers
from wem.mailings.ways_out import count_left, lists_to_stop
from wem.settings import settings


def take_unsubscribe(mail: ArrivedMail) -> Fate:
    """End the reader's registrations on every list that the mailing went to, and count it. The caller commits.

    The id in the address is the proof, as in the link of RFC 8058, so From does not matter, and a mail program may
    have written the mail by itself. Nothing is answered: mail programs send such mails without showing them, and the
    law asks for none (特定電子メール法 3条3項 asks to stop). Automatic answers to mails (RFC 3834) order nothing.
    Unrecognised: an id that we did not make, or a mailing whose records are gone.
    """
    keys = identity_keys(settings().SECRET_KEY, settings().SECRET_KEY_PREVIOUS or None)
    named = read_unsubscribe_address(mail.recipient, keys)
    if named is None:
        return Fate.unrecognised
    headers = raw_headers(mail.raw)
    submitted = next(iter(headers.get("auto-submitted", ())), "").partition(";")[0].strip().lower()
    if mail.sender == "" or submitted == "auto-replied":
        return Fate.ignored
    found = db.session.execute(
        sa.select(Delivery.subscriber_id, Dispatch.mailing_id)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(Delivery.dispatch_id == named[0], Delivery.seq == named[1])
    ).one_or_none()
    if found is None:
        return Fate.unrecognised
    if not first_time(mail.number):
        return Fate.taken
    reader = preferences.reader_of(found.subscriber_id)
    if reader is None:
        return Fate.taken
    customer_id, lists = reader.customer_id, lists_to_stop(reader, found.mailing_id)
    if leaving.leave(reader, [row.id for row in lists], mailing_id=found.mailing_id):
        count_left(found.mailing_id, customer_id, found.subscriber_id)
    return Fate.taken
