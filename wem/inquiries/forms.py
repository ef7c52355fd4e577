"""What people type to the help desk, and what staff type into a thread."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from wem.inquiries.attaching import Attached
from wem.inquiries.desk_rules import MOST_FILE, MOST_FILES, MOST_TOGETHER

NEEDED = DataRequired(_l("This field is required."))
MOST_WORDS = 10_000
LEAST_REASON, MOST_REASON = 5, 200
MB = 1024 * 1024


class Words(TextAreaField):
    """A text of several lines, without white space at their ends and around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        lines = (self.data or "").replace("\0", "").splitlines()
        self.data = "\n".join(line.rstrip() for line in lines).strip()


class Line(StringField):
    """One line without white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = " ".join((self.data or "").replace("\0", "").split())


class FilesForm(FlaskForm):
    files = MultipleFileField(_l("Files"))

    def validate_files(self, field: Any) -> None:
        self.attached = [
            Attached(file.filename or "", file.stream.read(MOST_FILE + 1))
            for file in (field.data or [])[: MOST_FILES + 1]
            if getattr(file, "filename", "")
        ]
        if len(self.attached) > MOST_FILES:
            raise ValidationError(gettext("Please attach at most %(most)s files.", most=MOST_FILES))
        if any(len(file.content) > MOST_FILE for file in self.attached):
            raise ValidationError(gettext("A file may have at most %(most)s MB.", most=MOST_FILE // MB))
        if sum(len(file.content) for file in self.attached) > MOST_TOGETHER:
            raise ValidationError(gettext("All files together may have at most %(most)s MB.", most=MOST_TOGETHER // MB))


class AskForm(FilesForm):
    subject = Line(_l("Subject"), [NEEDED, Length(max=150)])
    text = Words(_l("Your question"), [NEEDED, Length(max=MOST_WORDS)])
    confidential = BooleanField(_l("This is confidential"))


class AddForm(FilesForm):
    text = Words(_l("Your message"), [NEEDED, Length(max=MOST_WORDS)])


class AnswerForm(FilesForm):
    text = Words(_l("Our answer"), [NEEDED, Length(max=MOST_WORDS)])


class NoteForm(FlaskForm):
    note = Words(_l("Note among staff"), [NEEDED, Length(max=MOST_WORDS)])


class AssignForm(FlaskForm):
    to = SelectField(_l("Who sees to it"))


class TieForm(FlaskForm):
    number = Line(_l("Contract number"), [NEEDED, Length(max=20)])


class PassOnForm(FlaskForm):
    contract = Line(_l("Contract number"), [NEEDED, Length(max=20)])
    complaint = Words(_l("What the customer reads"), [NEEDED, Length(max=MOST_WORDS)])


class OpenForm(FlaskForm):
    reason = Line(_l("Why do you open it?"))

    def validate_reason(self, field: Any) -> None:
        if not LEAST_REASON <= len(field.data or "") <= MOST_REASON:
            raise ValidationError(
                gettext("Please write %(least)s to %(most)s characters.", least=LEAST_REASON, most=MOST_REASON)
            )
        # It is kept for good, and the address is not to be.
        if "@" in field.data or "＠" in field.data:
            raise ValidationError(gettext("Please name no e-mail address here: the audit trail keeps it for good."))
