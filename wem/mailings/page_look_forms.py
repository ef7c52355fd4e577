"""What a customer types about the look of its pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from wem.mailings.branding import offered_images
from wem.mailings.colour_forms import Colour
from wem.mailings.forms import Body, Name
from wem.mailings.page_look_models import PageLook


class PageLookForm(FlaskForm):
    logo_id = SelectField(_l("Page logo"), coerce=int)
    intro = Body(_l("Introduction text"), [Optional(), Length(max=300)])
    accent = Colour(_l("Button and link colour"), [Optional()])
    contact = Name(_l("Contact"), [Optional(), Length(max=200)])
    privacy_url = Name(_l("Privacy policy URL"), [Optional(), Length(max=300)])

    def offer(self, customer_id: int) -> None:
        """Offer the images of the customer's library."""
        self.logo_id.choices = [
            SelectChoice(0, _l("None (no logo)")),
            *(SelectChoice(image.id, image.name) for image in offered_images(customer_id)),
        ]

    def validate_privacy_url(self, field: StringField) -> None:
        try:
            address = urlsplit(field.data or "")
        except ValueError:
            address = None
        if address is None or address.scheme not in ("https", "http") or not address.hostname:
            raise ValidationError(gettext("Please enter a URL starting with https://."))

    def values(self, customer_id: int) -> PageLook:
        """Return the settings as typed, in no session."""
        return PageLook(
            customer_id=customer_id,
            logo_id=self.logo_id.data or None,
            intro=(self.intro.data or "").strip(),
            accent=self.accent.data or "",
            contact=self.contact.data or "",
            privacy_url=self.privacy_url.data or "",
        )
