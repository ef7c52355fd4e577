"""The words of the designs that come with WeM: what each is called, and for which occasion it is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.mailings.design_rules import Ours

NAMES = {
    Ours.newsletter: _l("Newsletter"),
    Ours.sale: _l("Sale"),
    Ours.event: _l("Event invitation"),
    Ours.notice: _l("Important notice"),
    Ours.survey: _l("Survey"),
    Ours.welcome: _l("Welcome"),
    Ours.birthday: _l("Birthday"),
    Ours.seasonal: _l("Seasonal greeting"),
    Ours.comeback: _l("Win-back"),
    Ours.letter: _l("Plain letter"),
}
ABOUT = {
    Ours.newsletter: _l("News, upcoming dates and a word from the team, for a regular monthly issue"),
    Ours.sale: _l("Dates, discount and three products at a glance"),
    Ours.event: _l("Date, venue, fee and programme, with a registration button"),
    Ours.notice: _l("Closing days or service changes, with the facts in a table"),
    Ours.survey: _l("How long it takes, the deadline and how answers are used"),
    Ours.welcome: _l("The first email to someone who has just signed up"),
    Ours.birthday: _l("Congratulations with a coupon"),
    Ours.seasonal: _l("A formal greeting at the end of the year or in summer"),
    Ours.comeback: _l("For readers who have been inactive for a while, with an easy way to unsubscribe"),
    Ours.letter: _l("Text only, like a personal letter"),
}
# Key, name and occasion of each, in the order in which they are offered.
OFFERED = [(each.value, NAMES[each], ABOUT[each]) for each in Ours]
