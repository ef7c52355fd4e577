"""Arithmetic of the pace: tokens, complaints, recovery, warm-up; and which provider an MX record speaks of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from wem.clock import JAPAN
from wem.delivery import pace_rules as rules
from wem.delivery.pace_rules import FLOOR, FREE, WARM_UP, Limit, Standing, Trouble
from wem.delivery.provider_rules import believed_for, pause_after, provider_of_servers

AT = datetime(2026, 6, 1, 9, 0, tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("text", "rate"), [("", None), ("100/s", 100), ("1200/min", 20), ("36/h", 0.01), ("0.5/s", 0.5)]
)
def test_a_rate_is_read(text: str, rate: float | None) -> None:
    assert rules.rate_from(text) == rate


@pytest.mark.parametrize("text", ["100", "0/s", "-1/s", "fast", "1/d", "100/s*5"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        rules.rate_from(text)


def test_limits_are_read() -> None:
    assert rules.limits_from("") == {}
    assert rules.limits_from("docomo=600/min*5, gmail=50/s au=*3") == {
        "docomo": Limit(10, 5),
        "gmail": Limit(50, None),
        "au": Limit(None, 3),
    }
    careful = rules.limits_from("careful docomo=1/s")
    assert careful["docomo"] == Limit(1, None)
    assert careful["au"] == rules.CAREFUL["au"]
    with pytest.raises(ValueError):
        rules.limits_from("docomo=600")


@pytest.mark.parametrize(("rate", "lot"), [(0.01, 1), (1, 1), (8, 2), (40, 10), (100, 20), (5000, 20)])
def test_a_lot_is_a_quarter_of_a_second_and_at_most_20(rate: float, lot: int) -> None:
    assert rules.lot_size(rate) == lot


@pytest.mark.parametrize(
    ("ahead", "interval", "wanted", "granted", "wait"),
    [
        (0, 1, 1, 1, 0),  # nothing was allowed before
        (0.5, 1, 1, 1, 0),  # just within the slack
        (0.6, 1, 1, 0, 0.1),
        (60, 60, 1, 0, 59.5),
        (0, 0.01, 20, 20, 0),
        (0.25, 0.0625, 20, 5, 0),
        (0, 0.125, 20, 5, 0),  # half a second of it, and one
    ],
)
def test_tokens(ahead: float, interval: float, wanted: int, granted: int, wait: float) -> None:
    assert rules.take(ahead, interval, wanted) == (granted, pytest.approx(wait))


@pytest.mark.parametrize("rate", [0.2, 1, 3, 10, 100, 5000])
@pytest.mark.parametrize("asked_every", [0.001, 0.037, 0.21])
def test_no_window_holds_more_than_its_rate_and_half_a_second_of_it(rate: float, asked_every: float) -> None:
    at, allowed_until, times = 0.0, 0.0, []
    while at < 20:
        granted, _ = rules.take(max(0.0, allowed_until - at), 1 / rate, rules.lot_size(rate))
        allowed_until = max(allowed_until, at) + granted / rate
        times += [at] * granted
        at += asked_every
    most = max(
        len([t for t in times if first <= t < first + window]) - rate * window
        for window in (0.1, 1, 5)
        for first in sorted(set(times))[:: max(1, len(set(times)) // 40)]
    )
    assert most <= 0.5 * rate + 1 + 1e-6
    if asked_every * rate <= rules.lot_size(rate):
        assert len(times) >= 0.97 * rate * 20


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "trouble"),
    [
        (421, None, "", Trouble.busy),
        (421, "4.7.0", "4.7.0 too many connections", Trouble.busy),
        (451, "4.7.1", "4.7.1 slow down", Trouble.busy),
        (450, "4.7.1", "4.7.1 Greylisted, come again", None),
        (450, "4.2.1", "", None),
        (452, "4.2.2", "mailbox full", None),
        (250, "2.0.0", "", None),
        (550, "5.7.1", "bad reputation", None),  # refused for good: the rate does not help
        (421, "4.7.28", "our system has detected rate limited due to IP reputation", Trouble.reputation),
        (421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred", Trouble.suspended),
    ],
)
def test_complaints(code: int, enhanced: str | None, text: str, trouble: Trouble | None) -> None:
    assert rules.trouble_of(code, enhanced, text) is trouble


def test_a_complaint_halves_the_rate_once_in_ten_seconds() -> None:
    standing = rules.troubled(Standing(), Trouble.busy, 80, AT)
    assert (standing.rate, standing.rate_before) == (40, 80)
    assert rules.troubled(standing, Trouble.busy, 80, AT + timedelta(seconds=9)).rate == 40
    standing = rules.troubled(standing, Trouble.busy, 80, AT + timedelta(seconds=10))
    assert (standing.rate, standing.rate_before) == (20, 80)


def test_no_rate_falls_below_one_a_minute() -> None:
    standing = Standing()
    for minute in range(50):
        standing = rules.troubled(standing, Trouble.busy, 10, AT + timedelta(minutes=minute))
    assert standing.rate == FLOOR


def test_the_rate_grows_by_5_percent_a_minute_until_it_is_what_it_was() -> None:
    standing = rules.troubled(Standing(), Trouble.busy, 80, AT)
    assert rules.grown(standing, AT + timedelta(seconds=59)) == standing
    once = rules.grown(standing, AT + timedelta(minutes=1))
    assert once.rate == pytest.approx(42)
    assert rules.grown(once, AT + timedelta(minutes=1, seconds=30)) == once
    minutes = 0
    while standing.rate is not None:
        minutes += 1
        standing = rules.grown(standing, AT + timedelta(minutes=minutes))
    assert minutes == 15
    assert rules.limit_now(standing, FREE, AT + timedelta(hours=1)) == FREE


def test_reputation_is_one_a_minute_and_one_connection_for_90_minutes() -> None:
    standing = rules.troubled(Standing(), Trouble.reputation, 80, AT)
    assert rules.limit_now(standing, Limit(50, 10), AT + timedelta(minutes=89)) == Limit(FLOOR, 1)
    assert rules.limit_now(standing, Limit(50, 10), AT + timedelta(minutes=90)) == Limit(40, 10)


def test_a_suspension_lasts_two_hours() -> None:
    standing = rules.troubled(Standing(), Trouble.suspended, 80, AT)
    assert standing.cooldown_until == AT + timedelta(hours=2)


def test_warm_up_climbs_a_step_a_day() -> None:
    standing, day = Standing(), date(2026, 6, 1)
    for cap in WARM_UP:
        standing = rules.on_day(standing, day)
        left = rules.warm_left(standing)
        assert left == cap
        standing = Standing(warm_day=day, warm_step=standing.warm_step, sent_today=left)
        assert rules.warm_left(standing) == 0
        day += timedelta(days=1)
    assert rules.warm_left(rules.on_day(standing, day)) is None


@pytest.mark.parametrize(
    ("days", "sent", "deferred", "step"),
    [
        (1, 1000, 100, 6),  # a good day
        (1, 1000, 101, 5),  # more than a tenth was deferred: the same again
        (1, 0, 0, 5),  # nothing was sent
        (30, 1000, 0, 6),
        (31, 1000, 0, 0),  # cold
    ],
)
def test_warm_up_stands_still_or_begins_again(days: int, sent: int, deferred: int, step: int) -> None:
    day = date(2026, 6, 1)
    standing = Standing(warm_day=day, warm_step=5, sent_today=sent, deferred_today=deferred)
    assert rules.on_day(standing, day) is standing
    assert rules.on_day(standing, day + timedelta(days=days)).warm_step == step


@pytest.mark.parametrize(
    ("servers", "provider"),
    [
        (["aspmx.l.google.com.", "alt1.aspmx.l.google.com."], "gmail"),
        (["kaisha-co-jp.mail.protection.outlook.com"], "microsoft"),
        (["MX01.MAIL.ICLOUD.COM"], "icloud"),
        (["mx.kaisha.co.jp"], "other"),
        (["mx.notgoogle.com"], "other"),
        (["mfsmax.docomo.ne.jp"], "docomo"),
        (["lsean.ezweb.ne.jp"], "au"),
        (["mx1.mail.yahoo.co.jp", "mx2.mail.yahoo.co.jp"], "yahoo_jp"),
        (["mx.kaisha.co.jp", "aspmx.l.google.com", "alt1.aspmx.l.google.com"], "gmail"),
        ([], "other"),
        (["."], "other"),  # takes no mail (RFC 7505)
    ],
)
def test_mail_servers_tell_the_provider(servers: list[str], provider: str) -> None:
    assert provider_of_servers(servers) == provider


def test_how_long_an_answer_is_believed() -> None:
    assert believed_for(60) == timedelta(hours=6)
    assert believed_for(86400) == timedelta(days=1)
    assert believed_for(10**7) == timedelta(days=7)
    assert [pause_after(failures) for failures in (1, 2, 3)] == [timedelta(minutes=m) for m in (10, 20, 40)]
    assert pause_after(100) == timedelta(days=1)
