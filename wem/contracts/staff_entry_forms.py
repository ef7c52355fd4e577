"""What staff type of requests that came on paper, by mail or by telephone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, SelectMultipleField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from wem import clock
from wem.contracts import catalogue, parting
from wem.contracts.forms import CHOSEN, NEEDED
from wem.contracts.models import Contract
from wem.contracts.request_models import Channel, RequestKind
from wem.contracts.wording import CHANNELS, REQUESTS
from wem.web.days import Day, Moment

BY_STAFF = (
    RequestKind.cancel,
    RequestKind.early_exit,
    RequestKind.course,
    RequestKind.options,
    RequestKind.resume,
)


AGREED_ON_PAPER = (RequestKind.course.value, RequestKind.options.value, RequestKind.early_exit.value)


class ReceiptForm(FlaskForm):
    """What came on paper, by mail or by telephone: how, and when; receipt decides (A-11)."""

    channel = RadioField(
        _l("How it came"),
        [CHOSEN],
        choices=[SelectChoice(c.value, CHANNELS[c]) for c in (Channel.letter, Channel.mail, Channel.phone)],
    )
    received = Moment(_l("Received"), [NEEDED], default=clock.now)
    sent = Moment(_l("Sent, if known"), [Optional()])

    def validate_received(self, field: Moment) -> None:
        if field.data.replace(tzinfo=clock.JAPAN) > clock.now():
            raise ValidationError(gettext("The time of receipt lies in the future."))

    def validate_sent(self, field: Moment) -> None:
        if field.data and self.received.data and field.data > self.received.data:
            raise ValidationError(gettext("It cannot be sent after it was received."))

    @property
    def received_at(self) -> datetime:
        received: datetime = self.received.data
        return received.replace(tzinfo=clock.JAPAN)

    @property
    def sent_at(self) -> datetime | None:
        return self.sent.data.replace(tzinfo=clock.JAPAN) if self.sent.data else None


class EntryForm(ReceiptForm):
    """A request of one of these kinds; what is filed (Art. 16) has forms of its own."""

    kind = RadioField(
        _l("What is asked for"), [CHOSEN], choices=[SelectChoice(kind.value, REQUESTS[kind]) for kind in BY_STAFF]
    )
    wanted = Day(_l("Wanted from, if later"), [Optional()])
    course = SelectField(_l("New course"), [Optional()])
    options = SelectMultipleField(
        _l("Options from then on"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    note = TextAreaField(
        _l("Words of the customer"),
        [Length(max=500)],
        description=_l(
            "For course, options and early exit these or a scan are needed: they show what was agreed to. A "
            "cancellation by telephone needs the words."
        ),
    )
    scan = FileField(_l("Scan of what came"), description=_l("PDF, JPEG or PNG, at most 10 MB."))

    def __init__(self, contract: Contract, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        has = {option.code: option for option in contract.options_on(clock.today())}
        found = has | {option.code: option for option, _ in catalogue.offered_options(clock.today())}
        for code in parting.ended_options(contract.id):
            found.pop(code, None)
        self.options.choices = [SelectChoice(code, option.name) for code, option in found.items()]
        self.has = list(has)
        if not self.is_submitted():
            self.options.data = self.has
        self.course.choices = [
            SelectChoice("", gettext("No other course")),
            *(SelectChoice(course.code, course.name) for course, _ in catalogue.offered(clock.today())),
        ]

    def validate_note(self, field: TextAreaField) -> None:
        said = (field.data or "").strip()
        if self.kind.data == RequestKind.cancel and self.channel.data == Channel.phone and not said:
            raise ValidationError(gettext("Write down what the customer said on the telephone, and who called."))
        # What changes fees is agreed to on the paper alone (11-2).
        if self.kind.data in AGREED_ON_PAPER and not said and not self.scan.data:
            raise ValidationError(gettext("Copy what the customer wrote or said, or attach the scan."))
