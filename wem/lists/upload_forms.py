"""What a customer types about an upload, and staff about its approval."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.lists.decoding import ENCODINGS
from wem.lists.reading import DELIMITERS, FileShape
from wem.lists.states import UploadKind
from wem.lists.upload_models import Upload
from wem.lists.upload_statement import EVIDENCE_KINDS, told_text
from wem.lists.uploading import OF_READERS

NEEDED = DataRequired(_l("This field is required."))
KINDS = {
    UploadKind.invitation: _l("Invite readers"),
    UploadKind.attested: _l("Readers who have agreed already"),
    UploadKind.stop_list: _l("Stop list"),
    UploadKind.ending: _l("End registrations"),
}
KIND_HINTS = {
    UploadKind.invitation: _l(
        "Each address gets one mail without advertising. Only who presses the button in it within 7 days "
        "becomes a reader."
    ),
    UploadKind.attested: _l(
        "For consent that you gathered elsewhere and can prove. We look at it first; then the addresses become readers."
    ),
    UploadKind.stop_list: _l(
        "Addresses that said no elsewhere. They get nothing from you, now or later; we keep only a code made from them."
    ),
    UploadKind.ending: _l("Readers in the file get nothing more. How many there are is shown first."),
}
_DELIMITER_TEXTS = {"Tab": _l("Tab"), "Comma": _l("Comma"), "Semicolon": _l("Semicolon")}


class NewUploadForm(FlaskForm):
    kind = RadioField(_l("What is in the file?"), [DataRequired(_l("Please choose one."))])
    file = FileField(_l("File"), [FileRequired(_l("Please choose a file."))])

    def __init__(self, attested: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kinds = [kind for kind in UploadKind if attested or kind is not UploadKind.attested]
        self.kind.choices = [SelectChoice(kind.value, KINDS[kind]) for kind in kinds]


class ShapeForm(FlaskForm):
    """How the file is to be read, for correction."""

    encoding = SelectField(_l("Character set"), choices=[SelectChoice(k, t) for k, t in ENCODINGS.items()])
    delimiter = SelectField(_l("Columns are separated by"))
    header = SelectField(_l("First row"))

    def __init__(self, shape: FileShape, **kwargs: Any) -> None:
        first = "yes" if shape.has_header else "no"
        super().__init__(encoding=shape.encoding, delimiter=shape.delimiter, header=first, **kwargs)
        self.delimiter.choices = [SelectChoice(char, _DELIMITER_TEXTS[name]) for char, name in DELIMITERS.items()]
        self.header.choices = [SelectChoice("yes", _l("Headings")), SelectChoice("no", _l("A reader"))]
        if shape.sheets:
            del self.encoding, self.delimiter


class StatementForm(FlaskForm):
    """What the customer says about the people in the file; each kind of upload asks its part."""

    how = TextAreaField(_l("How did you get these addresses?"), [NEEDED, Length(max=1000)])
    when = StringField(_l("When?"), [NEEDED, Length(max=200)])
    wording = TextAreaField(_l("With which words did they agree?"), [NEEDED, Length(max=4000)])
    told = BooleanField(_l("They were told what the terms of service ask (Art. 17-2)"))
    evidence = FileField(_l("Evidence"))
    update_known = BooleanField(_l("Write these values into readers you have already"))
    everywhere = RadioField(_l("Where do they stop?"), choices=[])

    def __init__(self, upload: Upload, **kwargs: Any) -> None:
        said = upload.statement
        kept = {name: said.get(name, "") for name in ("how", "when", "wording")}
        known = upload.mapping.get("update_known", upload.kind is UploadKind.attested)
        everywhere = "list" if upload.mapping.get("everywhere") is False else "all"
        super().__init__(**kept, told=said.get("told", False), update_known=known, everywhere=everywhere, **kwargs)
        self.has_evidence = bool(said.get("evidence"))
        self.everywhere.choices = [
            SelectChoice("all", _l("On all of your lists (recommended)")),
            SelectChoice("list", _l("Only on this list")),
        ]
        self.told.description = told_text()
        self.told.flags.required = True
        self.evidence.flags.required = not self.has_evidence
        for name in self._not_asked(upload.kind):
            delattr(self, name)

    @staticmethod
    def _not_asked(kind: UploadKind) -> list[str]:
        match kind:
            case UploadKind.invitation:
                return ["wording", "told", "evidence", "everywhere"]
            case UploadKind.attested:
                return ["everywhere"]
        return ["how", "when", "wording", "told", "evidence", "update_known"]

    def validate_told(self, field: BooleanField) -> None:
        if not field.data:
            raise ValidationError(gettext("Without this the addresses can only be invited."))

    def validate_evidence(self, field: FileField) -> None:
        if not field.data:
            if not self.has_evidence:
                raise ValidationError(gettext("Please attach the form, page or list that shows the consent."))
            return
        ending = (field.data.filename or "").rpartition(".")[2].lower()
        if ending not in EVIDENCE_KINDS:
            raise ValidationError(gettext("Please attach a PDF, an image, a text, an Office file or a ZIP file."))


class DecisionForm(FlaskForm):
    # Both decisions stand on one page.
    note = TextAreaField(_l("Note to the customer"), [Length(max=500)], id="approval-note")


class RefusalForm(DecisionForm):
    note = TextAreaField(_l("Note to the customer"), [NEEDED, Length(max=500)], id="refusal-note")


def asks_fields(kind: UploadKind) -> bool:
    """Return whether a kind of upload brings more than addresses."""
    return kind in OF_READERS
