"""What a customer types about mailings, their time and their testers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from wem import clock
from wem.lists.rules import ADDRESS_PROBLEM_TEXTS, Address, read_address
from wem.mailings.earlier_rules import Earlier
from wem.mailings.models import BodyKind, Tester
from wem.mailings.timing_forms import PORTIONS, PortionFields
from wem.mailings.timing_rules import USUAL_TOLERANCE
from wem.mailings.wording import BODY_KINDS, EARLIER, TOLERANCES, WRAPS
from wem.mailings.wrapping import USUAL
from wem.web.days import Day
from wem.web.filters import number

NEEDED = DataRequired(_l("This field is required."))
NOW, LATER = "now", "later"
NEVER = datetime.fromtimestamp(0, clock.JAPAN)
# Longer ones no program shows, fields and conditions included.
SUBJECT_LENGTH = 200
NAME_LENGTH = 100
# In place of the number of an approved name.
REGISTERED = 0


class Line(StringField):
    """A line of text without the white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").strip()


class Name(Line):
    """A name in one line, whatever was pasted: it stands in subjects of mails too."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = " ".join("".join(c if c.isprintable() else " " for c in self.data or "").split())


class Body(TextAreaField):
    """A long text with line feeds alone, as it is stored."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").replace("\r\n", "\n").replace("\r", "\n")


class Checkboxes(SelectMultipleField):
    """Several of several choices, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MailingForm(FlaskForm):
    """A draft: nothing is needed to save it, what is written must be right."""

    version = HiddenField()
    name = Name(_l("Internal name"), [Optional(), Length(max=NAME_LENGTH)])
    subject = Line(_l("Subject"), [Length(max=SUBJECT_LENGTH)])
    sender_name_id = SelectField(_l("Sender's name"), coerce=int, default=REGISTERED, validate_choice=False)
    lists = Checkboxes(_l("Lists"), coerce=int, validate_choice=True)
    only = Checkboxes(_l("Only readers matching a segment"), coerce=int, validate_choice=True)
    without = Checkboxes(_l("Exclude readers matching a segment"), coerce=int, validate_choice=True)
    earlier = RadioField(_l("Recipients of the earlier mailing"), default=Earlier.all.value)
    language = RadioField(
        _l("Language of the legal footer"),
        choices=[SelectChoice("ja", _l("Japanese")), SelectChoice("en", _l("English"))],
        default="ja",
    )
    body_kind = RadioField(
        _l("Format"),
        default=BodyKind.html.value,
    )
    wrap_at = SelectField(
        _l("Text line width"),
        coerce=int,
        choices=[SelectChoice(width, text) for width, text in WRAPS.items()],
        default=USUAL,
    )
    view_line = BooleanField(_l("Add a view-in-browser link at the top of the email"))
    html = Body(_l("HTML"), [Length(max=500_000)])
    text = Body(_l("Text part"), [Length(max=500_000)])

    def follow(self, title: str, can_be_silent: bool) -> None:
        """Offer what can become of those who got an earlier mailing of this title."""
        choices = [Earlier.all, Earlier.without, *([Earlier.silent] if can_be_silent else [])]
        self.earlier.choices = [SelectChoice(each.value, EARLIER[each]) for each in choices]
        self.earlier.label.text = gettext("Recipients of “%(title)s”", title=title)

    def offer(self, lists: Iterable[Any], segments: Iterable[Any], kinds: Iterable[BodyKind]) -> None:
        """Offer these lists, each with the number of its readers, these segments and these kinds of mail."""
        self.only.choices = self.without.choices = [SelectChoice(row.id, row.name) for row in segments]
        self.body_kind.choices = [SelectChoice(kind.value, BODY_KINDS[kind]) for kind in kinds]
        self.lists.choices = [
            SelectChoice(row.id, gettext("%(name)s (%(count)s readers)", name=row.name, count=number(row.active_count)))
            for row in lists
        ]

    def offer_names(self, registered: str, approved: Iterable[Any], lost: Iterable[Any]) -> None:
        """Offer the registered name and the approved ones; of those that hold no longer, what was chosen is shown."""
        self.sender_name_id.data = self.sender_name_id.data or REGISTERED
        self.sender_name_id.choices = [
            SelectChoice(REGISTERED, gettext("%(name)s (registered)", name=registered)),
            *(SelectChoice(row.id, row.name) for row in approved),
            *(SelectChoice(row.id, gettext("%(name)s (not approved)", name=row.name)) for row in lost),
        ]
        self._lost = {row.id for row in lost}

    def validate_sender_name_id(self, field: SelectField) -> None:
        if field.data in self._lost or field.data not in {choice.value for choice in field.choices or ()}:
            raise ValidationError(
                gettext("This name is not approved. Please choose another one, or request it under “Sender names”.")
            )

    def begin_with(self, design: Any) -> None:
        """Stand as a design says (`design_using.Beginning`); blocks come when the mailing is made."""
        self.subject.data, self.language.data, self.body_kind.data = (
            design.subject,
            design.language,
            design.body_kind.value,
        )
        if design.body_kind is BodyKind.html:
            self.html.data = design.source
        elif design.body_kind is BodyKind.text:
            self.text.data = design.source

    def validate_without(self, field: SelectMultipleField) -> None:
        if set(field.data or ()) & set(self.only.data or ()):
            raise ValidationError(
                gettext("A segment cannot be both included and excluded: nobody would get the email.")
            )


class ResendForm(FlaskForm):
    """The subject under which a mailing goes out a second time."""

    subject = Line(_l("Subject"), [NEEDED, Length(max=SUBJECT_LENGTH)])


class SendForm(PortionFields, FlaskForm):
    """When a mailing goes: now, or at a time in Japan that lies ahead; to everybody at once or in portions."""

    when = RadioField(
        _l("When"),
        choices=[SelectChoice(NOW, _l("Send now")), SelectChoice(LATER, _l("Schedule for later"))],
        default=NOW,
    )
    date = Day(_l("Date"), [Optional()])
    time = TimeField(_l("Time"), [Optional()])
    # In minutes.
    tolerance = SelectField(
        _l("Late-start tolerance"),
        coerce=int,
        choices=[SelectChoice(int(each.total_seconds() // 60), text) for each, text in TOLERANCES.items()],
        default=int(USUAL_TOLERANCE.total_seconds() // 60),
    )

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, as it is typed: the values of an address that fills the form again."""
        if self.split.data == PORTIONS:
            split = {"portions": self.portions.data, "interval": self.interval.data}
        else:
            split = {"per_hour": self.per_hour.data}
        typed = {
            "when": self.when.data,
            "date": self.date.data.isoformat() if self.date.data else None,
            "time": self.time.data.strftime("%H:%M") if self.time.data else None,
            "tolerance": self.tolerance.data,
            "split": self.split.data,
            **split,
        }
        return {name: value for name, value in typed.items() if value is not None}

    def at(self) -> datetime | None:
        """Return the chosen moment in Japan; None for now."""
        if self.when.data != LATER or self.date.data is None or self.time.data is None:
            return None
        return datetime.combine(self.date.data, self.time.data, clock.JAPAN)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        divided = self.portions_chosen()
        return self.time_chosen() and divided

    def time_chosen(self) -> bool:
        """Return whether a time is chosen that can be."""
        if self.when.data != LATER:
            # Whoever chose a time and forgot the mark must not send at once.
            if self.date.data is not None or self.time.data is not None:
                self.when.errors = [
                    gettext("A date or time is entered, but “Send now” is selected. Please choose one.")
                ]
                return False
            return True
        missing = [field for field in (self.date, self.time) if field.data is None]
        for field in missing:
            field.errors = [gettext("This field is required.")]
        at = self.at()
        if at is not None and at <= clock.now():
            missing.append(self.time)
            self.time.errors = [gettext("This time has passed. Please choose a time in the future.")]
        elif at is not None and (at - clock.now()).days >= 366:
            missing.append(self.date)
            self.date.errors = [gettext("Please choose a time within one year.")]
        return not missing


class MoveForm(FlaskForm):
    """Another time for a scheduled mailing; `seen` is the one that the person saw."""

    seen = HiddenField()
    date = Day(_l("Date"), [NEEDED])
    time = TimeField(_l("Time"), [NEEDED])

    def show(self, at: datetime) -> None:
        """Stand as the mailing is scheduled now, a moment in Japan."""
        self.seen.data, self.date.data, self.time.data = at.isoformat(), at.date(), at.time()

    def at(self) -> datetime:
        """Return the chosen moment in Japan."""
        return datetime.combine(self.date.data, self.time.data, clock.JAPAN)

    def seen_at(self) -> datetime:
        """Return the moment that the person saw; one that never was for what is none."""
        try:
            at = datetime.fromisoformat(self.seen.data or "")
        except ValueError:
            return NEVER
        return at.astimezone(clock.JAPAN) if at.tzinfo else NEVER


class TesterForm(FlaskForm):
    name = Line(_l("Name"), [NEEDED, Length(max=100)])
    email = Line(_l("E-mail address"), [NEEDED, Length(max=254)])

    def validate_email(self, field: StringField) -> None:
        address = read_address(field.data or "")
        if not isinstance(address, Address):
            raise ValidationError(gettext(ADDRESS_PROBLEM_TEXTS[address]))
        field.data = address.address


class TestCopyForm(FlaskForm):
    """To whom a test copy goes, and as which invented reader."""

    __test__ = False

    testers = Checkboxes(_l("Test recipients"), coerce=int)
    reader = SelectField(_l("Preview as"), coerce=int)

    def offer(self, testers: Iterable[Tester], readers: Iterable[tuple[int, str]]) -> None:
        self.testers.choices = [SelectChoice(row.id, f"{row.name}（{row.email}）") for row in testers]
        self.reader.choices = [SelectChoice(index, label) for index, label in readers]

    def validate_testers(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(gettext("Please choose at least one test recipient."))


class FindReaderForm(FlaskForm):
    address = Line(_l("Whole e-mail address"), [NEEDED, Length(max=320)])
