"""What applicants are told (Art. 4): always in Japanese, as a contract's documents are."""

from __future__ import annotations

from datetime import date

from flask_babel import force_locale, gettext

from wem import tokens
from wem.contracts.application_models import Application
from wem.contracts.application_rules import PAPERS_DAYS, ApplicationState, RefusalReason, Way
from wem.contracts.application_wording import REASONS
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.notices.rules import Words
from wem.settings import settings
from wem.tokens import Purpose


def day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"


def yen(amount: int) -> str:
    return f"{amount:,}円"


def initial_fee(application: Application) -> Words:
    """初回料金のご案内: what to transfer, and where to; with a campaign that leaves nothing, that nothing is due."""
    with force_locale("ja"):
        if not application.fee_total:
            return Words(
                gettext("Initial fee for WeM"),
                [
                    gettext("Thank you for applying for WeM."),
                    gettext("By the campaign nothing is to be transferred before the start."),
                ],
                [(gettext("Application number"), application.number), *_chosen(application), *_papers(application)],
                [*_what_to_send(application), gettext("The service begins once the form is here.")],
            )
        return Words(
            gettext("Initial fee for WeM"),
            [
                gettext("Thank you for applying for WeM."),
                gettext("Please transfer the first fee to the account below without delay (Art. 4-1)."),
            ],
            [
                (gettext("Application number"), application.number),
                *_chosen(application),
                (gettext("First fee (tax included)"), yen(application.fee_total)),
                (gettext("Transfer to"), settings().PROVIDER_ACCOUNT),
                (gettext("Name of the sender"), f"{application.number} {application.kana}"),
                *_papers(application),
            ],
            [
                *_what_to_send(application),
                gettext("Please bear the fee of the transfer. The service begins once form and fee are here."),
            ],
        )


def _awaited(application: Application) -> bool:
    """Return whether the papers that we filled are still to be sealed; from paper there is nothing to print."""
    return application.way is Way.web and application.state is ApplicationState.filled


def _papers(application: Application) -> list[tuple[str, str]]:
    """Return the link to the papers, where we write by mail: a printed link leads nowhere."""
    if not _awaited(application) or application.by_letter:
        return []
    token = tokens.sign(Purpose.application, application.id)
    return [(gettext("Your papers again"), f"{settings().PORTAL_URL.rstrip('/')}/apply/papers/{token}")]


def _what_to_send(application: Application) -> list[str]:
    if not _awaited(application):
        return []
    to = f"〒{settings().PROVIDER_POSTAL_CODE} {settings().PROVIDER_ADDRESS} {settings().PROVIDER_NAME}"
    said = [
        gettext(
            "Please sign and seal the application form and the request for direct debit, and hand them to our partner "
            "or post them to: %(address)s",
            address=to,
        )
    ]
    if not application.by_letter:
        said.append(
            gettext(
                "The link above leads to both papers for %(days)s days, with the telephone number of your application.",
                days=PAPERS_DAYS,
            )
        )
    return said


def _chosen(application: Application) -> list[tuple[str, str]]:
    entries = application.entries
    rows = [
        (gettext("Course"), entries["course_name"]),
        (gettext("Options"), gettext(", ").join(entries.get("option_names", ()))),
        (gettext("Campaign"), entries.get("campaign_name", "")),
    ]
    return [(label, value) for label, value in rows if value]


def fee_reminder(application: Application) -> Words:
    """Reminds of the first fee that has not come."""
    with force_locale("ja"):
        told = initial_fee(application)
        return Words(
            gettext("Please check: the first fee for WeM"),
            [gettext("We could not find your transfer yet. If you have made it already, please forgive this letter.")],
            told.facts,
            told.after,
        )


def supplement(application: Application) -> Words:
    """補正依頼: what is missing on the form."""
    with force_locale("ja"):
        return Words(
            gettext("Please complete your application for WeM"),
            [
                gettext("Something on your application form is missing or cannot be read. Please send it to us."),
                application.note,
            ],
            [
                (gettext("Application number"), application.number),
                (gettext("Send to"), f"〒{settings().PROVIDER_POSTAL_CODE} {settings().PROVIDER_ADDRESS}"),
            ],
        )


def refusal(application: Application) -> Words:
    """拒絶通知 (4-3)."""
    reason = application.reason
    with force_locale("ja"):
        after = [application.note] if application.note else []
        if application.paid_amount:  # with a campaign that left nothing to pay, nothing comes back
            after.append(gettext("We return what you have transferred. We will ask you for the account."))
        return Words(
            gettext("Your application for WeM"),
            [gettext("We are sorry to tell you that we cannot accept your application (terms of service, Art. 4-3).")],
            [
                (gettext("Application number"), application.number),
                (gettext("Grounds"), f"({reason.value}) {REASONS[reason]}" if reason else ""),
            ],
            after,
        )


def withdrawn(application: Application) -> Words:
    """What becomes of the money of who took the application back after paying (A-17)."""
    with force_locale("ja"):
        return Words(
            gettext("Your application for WeM"),
            [gettext("We have noted that you take your application back. Nothing more is to be done for it.")],
            [
                (gettext("Application number"), application.number),
                (gettext("What came in"), yen(application.paid_amount or 0)),
            ],
            [gettext("We return what you have transferred. We will ask you for the account.")],
        )


def void(contract: Contract, application: Application | None, reason: RefusalReason, note: str) -> Words:
    """拒絶通知 after the start guide: the contract does not begin (4-3, A-03)."""
    with force_locale("ja"):
        after = [note] if note else []
        if application is not None and application.paid_amount:
            after.append(gettext("We return what you have transferred. We will ask you for the account."))
        return Words(
            gettext("Your application for WeM"),
            [
                gettext(
                    "We are sorry to tell you that, after our start guide, we cannot accept your application after all"
                    " (terms of service, Art. 4-3)."
                ),
                gettext("The contract below does not begin. You owe no fee for it, and what we lent cannot be used."),
            ],
            [
                *([(gettext("Application number"), application.number)] if application is not None else []),
                (gettext("Contract number"), contract.number),
                (gettext("Start date that was planned"), in_japanese(contract.start_date)),
                (gettext("Grounds"), f"({reason.value}) {REASONS[reason]}"),
            ],
            after,
        )


def start_guide(application: Application, contract: Contract, owner_email: str) -> Words:
    """利用開始案内 (4-1, 4-4): the start date, and what is lent (8-1)."""
    slug, given = contract.customer.slug, settings()
    assert contract.start_date is not None
    effect = application.handed_or_posted_on or contract.start_date
    with force_locale("ja"):
        return Words(
            gettext("Your use of WeM begins"),
            [gettext("We have checked your application and your first fee, and accept your application.")],
            [
                (gettext("Contract number"), contract.number),
                (gettext("Start date"), in_japanese(contract.start_date)),
                (gettext("Course"), contract.course.name),
                (gettext("Effect of the contract"), in_japanese(effect)),
                (gettext("Dedicated ID"), owner_email),
                (gettext("Password"), gettext("You set it yourself by the link in a mail of its own.")),
                (gettext("Dedicated URL"), f"{given.PUBLIC_URL.rstrip('/')}/h/{slug}/"),
                (gettext("Dedicated mail address"), f"{slug}@{given.SERVICE_DOMAIN}"),
                (gettext("Sign in at"), f"{given.PORTAL_URL.rstrip('/')}/login"),
            ],
            [
                gettext("The minimum term begins on the start date (Art. 5-1)."),
                gettext("From the month after it, the last day of each month closes the fees (Art. 4-5)."),
                gettext("What is lent here is for you alone; please keep it with care (Art. 8)."),
            ],
        )


def start_corrected(application: Application, contract: Contract, before: date) -> Words:
    """Corrects the start date of an earlier guide (4-4)."""
    assert contract.start_date is not None
    with force_locale("ja"):
        return Words(
            gettext("Correction: your use of WeM begins"),
            [gettext("The start date in our earlier guide is replaced by the one below.")],
            [
                (gettext("Contract number"), contract.number),
                (gettext("Start date so far"), in_japanese(before)),
                (gettext("Start date"), in_japanese(contract.start_date)),
            ],
        )
