"""The words of the designs that come with WeM: what each is called, and for which occasion it is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.mailings.design_rules import Ours

NAMES = {
    Ours.newsletter: _l("Newsletter"),
    Ours.sale: _l("Sale"),
    Ours.event: _l("Invitation to an event"),
    Ours.notice: _l("Important notice"),
    Ours.survey: _l("Survey"),
    Ours.welcome: _l("Welcome"),
    Ours.birthday: _l("Birthday"),
    Ours.seasonal: _l("Greeting of the season"),
    Ours.comeback: _l("Not seen for long"),
    Ours.letter: _l("Plain letter"),
}
ABOUT = {
    Ours.newsletter: _l("What is new, what is planned, a word from the staff: every month alike"),
    Ours.sale: _l("Period, discount and three goods at a glance"),
    Ours.event: _l("Day, place, fee and what happens, with a button to take part"),
    Ours.notice: _l("Closing days, changes of a service: facts in a table"),
    Ours.survey: _l("How long it takes, until when, what becomes of the answers"),
    Ours.welcome: _l("The first mail to somebody who just signed up"),
    Ours.birthday: _l("Congratulations with a coupon"),
    Ours.seasonal: _l("A formal greeting at the end of the year or in summer"),
    Ours.comeback: _l("To readers who have not been seen for a while, with a choice to stop"),
    Ours.letter: _l("Words alone, as from one person to another"),
}
# Key, name and occasion of each, in the order in which they are offered.
OFFERED = [(each.value, NAMES[each], ABOUT[each]) for each in Ours]
