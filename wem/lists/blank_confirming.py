"""What a registration by blank mail leaves behind when its page's button is pressed: the count and the shown text."""

from __future__ import annotations

from collections.abc import Sequence

from wem.lists import consent
from wem.lists.blank_mail_models import count
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.states import Way


def confirmed(mailing_list: MailingList, sender_name: str, language: str, labels: Sequence[str]) -> int:
    """Count it, and return the number of what the page showed: the notice, and the fields under these labels."""
    count(mailing_list.id, "confirmed")
    return consent.keep_shown_text(mailing_list, sender_name, notice_for(sender_name, language), Way.blank_mail, labels)
