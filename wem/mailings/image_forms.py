"""What a customer types about images."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired, MultipleFileField
from wtforms import BooleanField, ValidationError
from wtforms.validators import Length, Optional

from wem.mailings.forms import NEEDED, Name
from wem.mailings.image_rules import MOST_FILES

NAME_LENGTH, ALT_LENGTH, FOLDER_LENGTH = 100, 300, 50


class NewImagesForm(FlaskForm):
    files = MultipleFileField(_l("Image files"))
    folder = Name(_l("Folder"), [Optional(), Length(max=FOLDER_LENGTH)])

    def validate_files(self, field: MultipleFileField) -> None:
        field.data = [file for file in field.data or () if getattr(file, "filename", "")]
        if not field.data:
            raise ValidationError(gettext("Please choose a file."))
        if len(field.data) > MOST_FILES:
            raise ValidationError(gettext("You can upload up to %(count)s files at once.", count=MOST_FILES))


class WordsForm(FlaskForm):
    """What an image shows, without which it goes into no mail."""

    alt = Name(_l("Alt text"), [Length(max=ALT_LENGTH)])
    decorative = BooleanField(_l("Decorative only (nothing to be read aloud)"))

    @property
    def words(self) -> tuple[str, bool]:
        """The text, and whether none is to stand there."""
        decorative = bool(self.decorative.data)
        return "" if decorative else self.alt.data or "", decorative

    def validate(self, extra_validators: Any = None) -> bool:
        valid: bool = super().validate(extra_validators)
        if not self.alt.data and not self.decorative.data:
            self.alt.errors = [
                *self.alt.errors,
                gettext("Enter alt text, or select “Decorative only”."),
            ]
            return False
        return valid


class ImageForm(WordsForm):
    name = Name(_l("Image name"), [NEEDED, Length(max=NAME_LENGTH)])
    folder = Name(_l("Folder"), [Optional(), Length(max=FOLDER_LENGTH)])


class PictureForm(WordsForm):
    """One file, where a mail is written."""

    file = FileField(_l("Image file"), [FileRequired(_l("Please choose a file."))])
