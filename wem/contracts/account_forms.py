"""The account for direct debit, as applicants and customers type it (6-1, 16)."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from wem.contracts import application_rules, name_rules, places, yucho_rules
from wem.contracts.application_wording import ACCOUNT_TYPES
from wem.contracts.forms import CHOSEN, NEEDED, OneLine
from wem.contracts.places import Bank


class AccountForm(FlaskForm):
    """Bank and branch by name, part of it, reading or code; the holder in the kana of banks."""

    bank = OneLine(
        _l("Bank of the account"),
        [NEEDED, Length(max=40)],
        description=_l("The name, a part of it, the reading, or the code."),
    )
    branch = OneLine(
        _l("Branch of the account"),
        [NEEDED, Length(max=40)],
        description=_l(
            "The name, a part of it, the reading, or the code; of Japan Post Bank the first number of the passbook "
            "too, like 14030."
        ),
    )
    account_type = RadioField(
        _l("Kind of account"), [CHOSEN], choices=[SelectChoice(k, t) for k, t in ACCOUNT_TYPES.items()], default="1"
    )
    account_number = OneLine(
        _l("Account number"),
        [NEEDED],
        description=_l(
            "Up to seven digits; zeros in front are added. Of Japan Post Bank the second number of the passbook, like "
            "12345671, when the branch is the first."
        ),
    )
    account_holder = OneLine(
        _l("Account holder in kana"), [NEEDED], description=_l("As in the passbook, like カ)タカハシシヨウテン.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found_banks: list[Bank] = []
        self.found_branches: list[Bank] = []
        self._wrong_passbook = False
        self._take_choices()
        self._take_passbook()

    def _take_choices(self) -> None:
        """Write down what was chosen among several, by its code, as if it had been typed."""
        bank = next((row for row in places.banks() if row.code == request.values.get("bank_choice")), None)
        if bank is not None:
            self.bank.data = bank.name
        # A branch was chosen of the bank that stood there then.
        chosen = self.chosen_bank
        rows = places.branches(chosen.code) if chosen else ()
        branch = next((row for row in rows if row.code == request.values.get("branch_choice")), None)
        if branch is not None:
            self.branch.data = _named(branch, rows)

    def _take_passbook(self) -> None:
        """Turn 記号・番号 of ゆうちょ銀行 into branch, kind and number, as if these had been typed."""
        bank, number = self.chosen_bank, application_rules.hyphened(self.account_number.data or "")
        if bank is None or bank.code != yucho_rules.YUCHO or not number:
            return
        both = yucho_rules.parts(number) or (application_rules.hyphened(self.branch.data or ""), number)
        if not yucho_rules.is_symbol(both[0]):
            self._wrong_passbook = len(number) == 8
            return
        try:
            found = yucho_rules.converted(*both)
        except yucho_rules.NotAnAccount:
            self._wrong_passbook = True
            return
        branch = next((row for row in places.branches(bank.code) if row.code == found.branch), None)
        self.branch.data = branch.name if branch else found.branch
        self.account_type.data, self.account_number.data = found.kind, found.number

    def search(self) -> None:
        """Look for the banks and branches that what was typed may mean; nothing is checked otherwise."""
        self.found_banks = places.matching(places.banks(), self.bank.data or "")
        bank = self.chosen_bank
        symbol = application_rules.hyphened(self.branch.data or "")
        if bank is not None and bank.code == yucho_rules.YUCHO and yucho_rules.is_symbol(symbol):
            self.found_branches = [row for row in places.branches(bank.code) if row.code == yucho_rules.branch(symbol)]
            return
        self.found_branches = places.matching(places.branches(bank.code), self.branch.data or "") if bank else []

    def validate_bank(self, field: Field) -> None:
        found = places.matching(places.banks(), field.data or "")
        if len(found) != 1:
            self.found_banks = found
            raise ValidationError(_which(found))
        field.data = found[0].name

    def validate_branch(self, field: Field) -> None:
        bank = self.chosen_bank
        if bank is None or self._wrong_passbook:
            return
        found = places.matching(places.branches(bank.code), field.data or "")
        if len(found) != 1:
            self.found_branches = found
            raise ValidationError(_which(found))
        field.data = _named(found[0], places.branches(bank.code))

    def validate_account_number(self, field: Field) -> None:
        if self._wrong_passbook:
            raise ValidationError(
                gettext(
                    "Please enter the numbers of your passbook of Japan Post Bank: five digits as the branch, and here "
                    "up to eight, of which the last is a 1."
                )
            )
        number = application_rules.digits(field.data or "", 7)
        if number is None:
            raise ValidationError(gettext("Please enter up to seven digits."))
        field.data = number

    def validate_account_holder(self, field: Field) -> None:
        holder = application_rules.holder(field.data or "")
        if holder is None:
            raise ValidationError(gettext("Please enter the account holder in katakana, as in the passbook."))
        field.data = holder

    @property
    def chosen_bank(self) -> Bank | None:
        found = places.matching(places.banks(), self.bank.data or "")
        return found[0] if len(found) == 1 else None

    @property
    def place(self) -> str:
        """Return bank and branch as a letter writes them; only after they were found good."""
        found = self.account()
        bank, branch, code = found["bank"], found["branch"], found["bank_code"]
        return f"{name_rules.bank_in_full(bank, code)} {name_rules.branch_in_full(branch, code)}"

    def account(self) -> dict[str, str]:
        """Return the account without its number, with the codes of bank and branch; only after it was found good."""
        bank = self.chosen_bank
        assert bank is not None
        branch = places.matching(places.branches(bank.code), self.branch.data or "")[0]
        return {
            "bank": bank.name,
            "bank_code": bank.code,
            "branch": branch.name,
            "branch_code": branch.code,
            "account_type": self.account_type.data,
            "account_holder": self.account_holder.data or "",
        }


def _named(chosen: Bank, rows: tuple[Bank, ...]) -> str:
    """Return the name of a branch, or its code where another one of its bank has the same name."""
    return chosen.code if sum(row.name == chosen.name for row in rows) > 1 else chosen.name


def _which(found: list[Bank]) -> str:
    if not found:
        return str(gettext("Nothing of this name was found. Try a part of the name, the reading or the code."))
    names = gettext(", ").join(f"{each.full} {each.code}" for each in found)
    return str(gettext("Several fit. Please enter one of these: %(names)s", names=names))
