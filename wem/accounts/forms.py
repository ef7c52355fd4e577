"""What people type about themselves and their colleagues."""

from __future__ import annotations

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, RadioField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.accounts.rules import PASSWORD_LEAST, PASSWORD_MOST, Role, password_problem
from wem.accounts.wording import ROLES, STAFF_ROLES

ROLE_HINTS = {
    "owner": _l("May do everything, the contract and colleagues included."),
    "editor": _l("Manages lists and mailings."),
    "delegate": _l("Manages lists and mailings for you, as another company's person."),
    "viewer": _l("Sees lists and results, changes nothing."),
}
NEEDED = DataRequired(_l("This field is required."))


def mail_address(_form: FlaskForm, field: Any) -> None:
    """Normalise and check a mail address of a person who signs in."""
    try:
        checked = validate_email((field.data or "").strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValidationError(gettext("Please enter a valid e-mail address.")) from error
    field.data = checked.normalized.lower()


class Trimmed(StringField):
    """A line of text without the white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").strip()


class SignInForm(FlaskForm):
    email = EmailField(_l("E-mail address"), [NEEDED, Length(max=254)])
    password = PasswordField(_l("Password"), [NEEDED, Length(max=1000)])


class ForgottenForm(FlaskForm):
    email = EmailField(_l("E-mail address"), [NEEDED, mail_address])


class NewPasswordForm(FlaskForm):
    """A new password, typed twice; `account_email` is compared so that the address itself is no password."""

    password = PasswordField(_l("New password"), [NEEDED])
    again = PasswordField(_l("New password, once more"), [NEEDED])

    def __init__(self, account_email: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account_email = account_email

    def validate_password(self, field: PasswordField) -> None:
        problem = password_problem(field.data or "", self.account_email)
        if problem == "short":
            raise ValidationError(gettext("Please use at least %(least)s characters.", least=PASSWORD_LEAST))
        if problem == "long":
            raise ValidationError(gettext("Please use at most %(most)s characters.", most=PASSWORD_MOST))
        if problem:
            raise ValidationError(gettext("This password is easily guessed. Please choose another one."))

    def validate_again(self, field: PasswordField) -> None:
        if field.data != self.password.data:
            raise ValidationError(gettext("The two passwords are not the same."))


class AcceptForm(NewPasswordForm):
    name = Trimmed(_l("Name"), [NEEDED, Length(max=100)])


class ChangePasswordForm(NewPasswordForm):
    current = PasswordField(_l("Current password"), [NEEDED])


class NameForm(FlaskForm):
    name = Trimmed(_l("Name"), [NEEDED, Length(max=100)])


class MemberForm(FlaskForm):
    name = Trimmed(_l("Name"), [NEEDED, Length(max=100)])
    email = EmailField(_l("E-mail address"), [NEEDED, mail_address])
    role = RadioField(
        _l("Role"), [NEEDED], choices=[SelectChoice(r.value, t) for r, t in ROLES.items()], default=Role.editor.value
    )


class RoleForm(FlaskForm):
    role = SelectField(_l("Role"), choices=[SelectChoice(r.value, t) for r, t in ROLES.items()])


class StaffForm(FlaskForm):
    name = Trimmed(_l("Name"), [NEEDED, Length(max=100)])
    email = EmailField(_l("E-mail address"), [NEEDED, mail_address])
    role = SelectField(
        _l("Role"), choices=[SelectChoice(r.value, t) for r, t in STAFF_ROLES.items()], default="support"
    )


class StaffRoleForm(FlaskForm):
    role = SelectField(_l("Role"), choices=[SelectChoice(r.value, t) for r, t in STAFF_ROLES.items()])


class PartnerForm(FlaskForm):
    code = Trimmed(_l("Partner code"), [NEEDED, Length(max=16)])
    partner_name = Trimmed(_l("Partner's name"), [NEEDED, Length(max=100)])


class PartnerPersonForm(FlaskForm):
    partner_id = SelectField(_l("Partner"), coerce=int)
    name = Trimmed(_l("Name"), [NEEDED, Length(max=100)])
    email = EmailField(_l("E-mail address"), [NEEDED, mail_address])
