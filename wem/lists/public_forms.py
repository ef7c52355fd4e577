"""What a reader may type: the sign-up form of one or more lists, own details, a new address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from wtforms import Field as FormField
from wtforms import RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.form import BaseForm
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from wem.lists import form_inputs
from wem.lists.form_inputs import input_name
from wem.lists.models import Field, ListField, MailingList
from wem.lists.problems import PROBLEM_TEXTS
from wem.lists.rules import Address, ValueProblem, read_address, read_value
from wem.lists.states import FieldKind

FEW = 6  # choices that stand side by side; more fold into a menu


class Checkboxes(SelectMultipleField):
    """Several of several choices. Required means at least one: the single box is not."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: Any, choices: list[SelectChoice], *, required: bool, **options: Any) -> None:
        super().__init__(label, choices=choices, validate_choice=False, **options)
        self.flags.required = required

    def pre_validate(self, form: BaseForm) -> None:
        if set(self.data or []) - {choice.value for choice in self.choices}:
            raise ValidationError(gettext("Please choose one."))


class JoinForm(BaseForm):
    """The sign-up form of some lists of one customer, with their fields."""

    def __init__(self, lists: Sequence[MailingList], data: MultiDict[str, str] | None = None) -> None:
        self.lists = lists
        self.asked = {each.field_id: each.field for row in lists for each in row.form_fields}
        inputs: dict[str, Any] = {}
        if len(lists) > 1:
            inputs[form_inputs.LISTS] = Checkboxes(
                lazy_gettext("Mails that you would like"),
                [SelectChoice(row.slug, row.name) for row in lists],
                required=True,
            )
        inputs[form_inputs.ADDRESS] = address_input(lazy_gettext("E-mail address"))
        everywhere = set.intersection(*[_required(row.form_fields) for row in lists]) if lists else set()
        for field in self.asked.values():
            inputs[input_name(field.id)] = value_input(field, required=field.id in everywhere)
        super().__init__(inputs)
        self.address: Address | None = None
        self.values: dict[str, Any] = {}
        self.process(data)

    @property
    def chosen(self) -> list[MailingList]:
        """The lists that were ticked; the only one when there is no choice."""
        if len(self.lists) == 1:
            return list(self.lists)
        ticked = self[form_inputs.LISTS].data or []
        return [row for row in self.lists if row.slug in ticked]

    @property
    def fields(self) -> list[FormField]:
        """The inputs of the custom fields, in the order of the form."""
        return [self[input_name(field_id)] for field_id in self.asked]

    def needed_for(self, typed: FormField) -> list[str]:
        """Return the names of the lists that require an input, when not all of the form do."""
        if typed.flags.required:
            return []
        return [
            row.name for row in self.lists for number in _required(row.form_fields) if input_name(number) == typed.name
        ]

    def validate(self, *_: Any, **__: Any) -> bool:
        """Check all inputs; afterwards `address` and `values` (by field key) stand."""
        good = bool(super().validate())
        found = read_address(self[form_inputs.ADDRESS].data or "")
        if isinstance(found, Address):
            self.address = found
        else:
            good = _fail(self[form_inputs.ADDRESS], gettext(PROBLEM_TEXTS[found.value]))
        if not self.chosen and not self[form_inputs.LISTS].errors:
            good = _fail(self[form_inputs.LISTS], gettext("Please choose at least one."))
        required = {number for row in self.chosen for number in _required(row.form_fields)}
        for field_id, field in self.asked.items():
            value = read_input(self[input_name(field_id)], field, required=field_id in required)
            if isinstance(value, ValueProblem):
                good = False
            else:
                self.values[field.key] = value
        return good

    def labels(self) -> dict[int, list[str]]:
        """The labels that the form showed, by list, for the proof of consent."""
        return {row.id: [each.field.label for each in row.form_fields] for row in self.lists}


class DetailsForm(BaseForm):
    """A reader's own fields, filled with what is stored."""

    def __init__(
        self, asked: Iterable[tuple[Field, bool]], stored: Mapping[str, Any], data: MultiDict[str, str] | None = None
    ) -> None:
        self.asked = list(asked)
        # What the customer no longer offers stays the reader's until the reader takes it away.
        self.kept = {field.id: no_longer_offered(field, stored) for field, _ in self.asked}
        super().__init__(
            {input_name(field.id): value_input(field, required, self.kept[field.id]) for field, required in self.asked}
        )
        self.values: dict[str, Any] = {}
        self.process(data, data={input_name(field.id): as_typed(field, stored) for field, _ in self.asked})

    def validate(self, *_: Any, **__: Any) -> bool:
        """Check all inputs; afterwards `values` (by field key; None where emptied) stand."""
        good = bool(super().validate())
        for field, required in self.asked:
            value = read_input(self[input_name(field.id)], field, required=required, kept=self.kept[field.id])
            if isinstance(value, ValueProblem):
                good = False
            else:
                self.values[field.key] = value
        return good


class AddressForm(BaseForm):
    """A new address."""

    def __init__(self, data: MultiDict[str, str] | None = None) -> None:
        super().__init__({form_inputs.ADDRESS: address_input(lazy_gettext("New e-mail address"))})
        self.address: Address | None = None
        self.process(data)

    def validate(self, *_: Any, **__: Any) -> bool:
        """Check it; afterwards `address` stands."""
        found = read_address(self[form_inputs.ADDRESS].data or "")
        if isinstance(found, Address):
            self.address = found
            return True
        return _fail(self[form_inputs.ADDRESS], gettext(PROBLEM_TEXTS[found.value]))


def fields_of(lists: Iterable[MailingList]) -> list[tuple[Field, bool]]:
    """Return the fields that stand on these lists' forms, each once, with whether one of the lists requires it."""
    found: dict[int, tuple[Field, bool]] = {}
    for row in lists:
        for each in row.form_fields:
            required = each.required or found.get(each.field_id, (None, False))[1]
            found[each.field_id] = (each.field, required)
    return list(found.values())


def address_input(label: Any) -> Any:
    """Return the input of a mail address. Type text, for browsers refuse old docomo addresses in type email."""
    looks = {"inputmode": "email", "autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
    return StringField(label, render_kw={**looks, "maxlength": 320}, validators=[_needed])


def no_longer_offered(field: Field, stored: Mapping[str, Any]) -> list[str]:
    """Return the choices that are stored for a field and not among its options any more."""
    if field.kind not in (FieldKind.choice, FieldKind.choices):
        return []
    value = stored.get(field.key)
    values = value if isinstance(value, list) else [value]
    offered = {str(option) for option in field.options}
    return [str(each) for each in values if each not in (None, "") and str(each) not in offered]


def value_input(field: Field, required: bool, kept: Sequence[str] = ()) -> Any:
    """Return the input of a custom field, by its kind; `kept` are choices beside those that the field offers."""
    validators = [_needed] if required else []
    options = [SelectChoice(str(option)) for option in (*field.options, *kept)]
    match field.kind:
        case FieldKind.choice if len(options) <= FEW:
            return _radios(field.label, options, required)
        case FieldKind.choice:
            none = SelectChoice("", lazy_gettext("(please choose)"))
            return SelectField(field.label, choices=[none, *options], validators=validators, validate_choice=False)
        case FieldKind.choices:
            return Checkboxes(field.label, options, required=required)
        case FieldKind.yes_no:
            both = [SelectChoice("yes", lazy_gettext("Yes")), SelectChoice("no", lazy_gettext("No"))]
            return _radios(field.label, both, required)
        case FieldKind.number:
            return StringField(field.label, validators=validators, render_kw={"inputmode": "decimal", "maxlength": 40})
        case FieldKind.date:
            return StringField(field.label, validators=validators, render_kw={"type": "date"})
    return StringField(field.label, validators=validators, render_kw={"maxlength": 1000})


def _radios(label: str, options: list[SelectChoice], required: bool) -> Any:
    """Return one of several choices; where none is needed there is a way back to none, chosen from the start."""
    if required:
        return RadioField(label, choices=options, validators=[_needed], validate_choice=False)
    none = SelectChoice("", lazy_gettext("Not answered"))
    return RadioField(label, choices=[*options, none], default="", validate_choice=False)


def read_input(typed: Any, field: Field, *, required: bool, kept: Sequence[str] = ()) -> Any:
    """Return the value of an input, None when it is empty; a ValueProblem is told at the input."""
    options = [str(option) for option in (*field.options, *kept)]
    raw = typed.data
    if field.kind is FieldKind.choices:
        chosen = [option for option in options if option in (raw or [])]
        value: Any = chosen or (ValueProblem.REQUIRED if required else None)
    else:
        text = raw if isinstance(raw, str) else ""
        value = read_value(field.kind.value, text, options, required=required)
    if isinstance(value, ValueProblem):
        _fail(typed, gettext(PROBLEM_TEXTS[value.value]))
    return value


def as_typed(field: Field, stored: Mapping[str, Any]) -> Any:
    """Return a stored value as its input holds it."""
    value = stored.get(field.key)
    if field.kind is FieldKind.choices:
        return value if isinstance(value, list) else []
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _needed(_form: BaseForm, _field: FormField) -> None:
    """Marks an input as required; the reading of the value says so itself."""


_needed.field_flags = {"required": True}  # type: ignore[attr-defined]


def _required(fields: Iterable[ListField]) -> set[int]:
    return {each.field_id for each in fields if each.required}


def _fail(field: FormField, text: str) -> bool:
    field.errors = [*field.errors, text]
    return False
