"""What a customer types about a design."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import Length

from wem.mailings.forms import NAME_LENGTH, NEEDED, Name


class DesignForm(FlaskForm):
    name = Name(_l("Template name"), [NEEDED, Length(max=NAME_LENGTH)])
