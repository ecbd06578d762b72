"""People are told once of what is wrong, daily while it lasts, and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.health.alerts import ALERTS, MOST_LINES, Message, inert, tell_people, what_to_tell
from flows.health.last_runs import record_run, run_of
from flows.health.problems import Problem
from flows.settings import Settings, SettingsError
from tests.flows.conftest import Said, everything_written
from tests.flows.listeners import SECRET_PATH, Hook, Mailbox, mail_server, webhook
from tests.unprivileged import unwritable

Campaign = Callable[..., Said]

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STALE = Problem("stale", "x", "x: nothing was asked since 2026-05-20 09:00 UTC", "run campaign collect")
TOKEN = Problem(
    "token", "facebook", "facebook: it expires in 3 days", "make a new one", "FACEBOOK_ACCESS_TOKEN"
)
PASSWORD = "pass:word/@?"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as served:
        yield served


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as served:
        yield served


def by_webhook(home: Path, hook: Hook) -> Settings:
    return Settings(CAMPAIGN_HOME=str(home / "data"), CAMPAIGN_ALERT_WEBHOOK=hook.url)


def test_a_problem_is_told_once_then_daily_and_when_it_is_over(home: Path, hook: Hook) -> None:
    settings = by_webhook(home, hook)
    for hours in (0, 1, 12, 23, 24, 25, 47, 48):
        told = tell_people(settings, [STALE], NOW + hours * HOUR)
        assert told.failed == ()
    assert [message["text"].splitlines()[0] for message in hook.received] == [
        "campaign: 1 new: x: nothing was asked since 2026-05-20 09:00 UTC",
        "campaign: 1 still there",
        "campaign: 1 still there",
    ]
    tell_people(settings, [], NOW + 49 * HOUR)
    tell_people(settings, [], NOW + 50 * HOUR)
    over = hook.received[3:]
    assert [message["text"] for message in over] == [
        "campaign: 1 over: x: nothing was asked since 2026-05-20 09:00 UTC\n"
        "- over: x: nothing was asked since 2026-05-20 09:00 UTC (told since 2026-05-20 12:00 UTC)"
    ]
    # And anew when it comes back.
    tell_people(settings, [STALE], NOW + 51 * HOUR)
    assert hook.received[4]["new"][0]["since"] == (NOW + 51 * HOUR).isoformat()


def test_a_message_has_words_for_chats_and_fields_for_programs(home: Path, hook: Hook) -> None:
    tell_people(by_webhook(home, hook), [STALE, TOKEN], NOW)
    (message,) = hook.received
    assert message["text"] == (
        "campaign: 2 new\n"
        "- x: nothing was asked since 2026-05-20 09:00 UTC; run campaign collect\n"
        "- facebook: it expires in 3 days; make a new one"
    )
    assert message["new"][1] == {
        "key": "token/facebook/FACEBOOK_ACCESS_TOKEN",
        "kind": "token",
        "platform": "facebook",
        "line": "facebook: it expires in 3 days",
        "fix": "make a new one",
        "since": NOW.isoformat(),
    }
    assert (message["at"], message["lasting"], message["over"]) == (NOW.isoformat(), [], [])


def test_what_comes_in_is_told_beside_what_was_told_already(home: Path, hook: Hook) -> None:
    settings = by_webhook(home, hook)
    tell_people(settings, [STALE], NOW)
    tell_people(settings, [STALE, TOKEN], NOW + HOUR)
    assert [problem["kind"] for problem in hook.received[1]["new"]] == ["token"]
    assert hook.received[1]["lasting"] == []
    # Other words of the same problem are no news.
    tell_people(
        settings, [STALE, Problem("token", "facebook", "2 days", "make", TOKEN.subject)], NOW + 2 * HOUR
    )
    assert len(hook.received) == 2


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (404, "the webhook of CAMPAIGN_ALERT_WEBHOOK answered 404; make a new one and set it"),
        (500, "the webhook of CAMPAIGN_ALERT_WEBHOOK answered 500; make a new one and set it"),
        (302, "the webhook of CAMPAIGN_ALERT_WEBHOOK answered 302; make a new one and set it"),
    ],
)
def test_a_webhook_that_is_down_is_named_and_tried_again(
    home: Path, hook: Hook, caplog: pytest.LogCaptureFixture, status: int, line: str
) -> None:
    settings = by_webhook(home, hook)
    hook.status = status
    with caplog.at_level(logging.DEBUG):
        told = tell_people(settings, [STALE], NOW)
    assert (told.sent, told.failed) == ((), (line,))
    assert SECRET_PATH not in caplog.text
    hook.status = 200
    assert tell_people(settings, [STALE], NOW + HOUR).sent == ("CAMPAIGN_ALERT_WEBHOOK",)
    assert len(hook.received[0]["new"]) == 1


def test_a_webhook_that_is_not_there_is_one_line_without_its_address(home: Path) -> None:
    url = f"http://127.0.0.1:9/services/{SECRET_PATH}"
    settings = Settings(CAMPAIGN_HOME=str(home / "data"), CAMPAIGN_ALERT_WEBHOOK=url)
    told = tell_people(settings, [STALE], NOW)
    assert told.failed == (
        "the webhook of CAMPAIGN_ALERT_WEBHOOK cannot be reached (connection refused); check its address",
    )
    assert SECRET_PATH not in repr(settings)


def mailing(home: Path, box: Mailbox, **more: str) -> Settings:
    user = "pipeline%40clean.example"
    url = f"smtp://{user}:pass%3Aword%2F%40%3F@127.0.0.1:{box.port}"
    given = {"CAMPAIGN_ALERT_EMAIL": "ann@clean.example, bob@clean.example", "CAMPAIGN_SMTP_URL": url}
    return Settings(CAMPAIGN_HOME=str(home / "data"), **{**given, **more})


def test_an_e_mail_goes_to_everybody_through_the_server(home: Path, mailbox: Mailbox) -> None:
    told = tell_people(mailing(home, mailbox), [STALE, TOKEN], NOW)
    assert (told.sent, told.failed) == (("CAMPAIGN_ALERT_EMAIL",), ())
    assert mailbox.signed_in == [f"|pipeline@clean.example|{PASSWORD}"]
    assert [line.partition("<")[2].partition(">")[0] for line in mailbox.to] == [
        "ann@clean.example",
        "bob@clean.example",
    ]
    (mail,) = mailbox.mails
    assert mail["Subject"] == "campaign: 2 new"
    assert mail["From"] == "pipeline@clean.example"
    assert mail["Date"].datetime == NOW
    assert mail.get_content().splitlines()[1:] == [
        "- x: nothing was asked since 2026-05-20 09:00 UTC; run campaign collect",
        "- facebook: it expires in 3 days; make a new one",
    ]


@pytest.mark.parametrize(
    ("refuses", "why"),
    [
        ("AUTH", "refused the user name and password"),
        ("RCPT", "refused every address of CAMPAIGN_ALERT_EMAIL"),
        ("DATA", "answered 550"),
    ],
)
def test_a_mail_server_that_refuses_is_one_line_without_the_password(
    home: Path, mailbox: Mailbox, refuses: str, why: str
) -> None:
    mailbox.refuses = refuses
    (line,) = tell_people(mailing(home, mailbox), [STALE], NOW).failed
    assert line == (
        f"the mail server of CAMPAIGN_SMTP_URL {why}; check CAMPAIGN_SMTP_URL and CAMPAIGN_ALERT_EMAIL"
    )


def test_each_channel_hears_everything_whatever_becomes_of_the_other(
    home: Path, hook: Hook, mailbox: Mailbox
) -> None:
    settings = mailing(home, mailbox, CAMPAIGN_ALERT_WEBHOOK=hook.url)
    hook.status = 500
    first = tell_people(settings, [STALE], NOW)
    assert (first.sent, len(first.failed)) == (("CAMPAIGN_ALERT_EMAIL",), 1)
    hook.status = 200
    second = tell_people(settings, [STALE], NOW + HOUR)
    assert (second.sent, second.failed) == (("CAMPAIGN_ALERT_WEBHOOK",), ())
    assert (len(mailbox.mails), len(hook.received)) == (1, 1)


def test_what_is_kept_holds_no_address(home: Path, hook: Hook, mailbox: Mailbox) -> None:
    tell_people(mailing(home, mailbox, CAMPAIGN_ALERT_WEBHOOK=hook.url), [STALE], NOW)
    written = everything_written(home / "data")
    assert (home / "data" / ALERTS).stat().st_size > 0
    for secret in (SECRET_PATH, PASSWORD, "ann@clean.example", str(mailbox.port)):
        assert secret.encode() not in written


@pytest.mark.parametrize("content", ["", "[]", '{"webhook": 1}', '{"webhook": {"a": {"line": "b"}}}'])
def test_a_damaged_record_tells_again_rather_than_never(home: Path, hook: Hook, content: str) -> None:
    settings = by_webhook(home, hook)
    tell_people(settings, [STALE], NOW)
    (home / "data" / ALERTS).write_text(content)
    tell_people(settings, [STALE], NOW + HOUR)
    assert len(hook.received) == 2


def test_nobody_is_told_where_no_channel_is_set(home: Path) -> None:
    told = tell_people(Settings(CAMPAIGN_HOME=str(home / "data")), [STALE], NOW)
    assert (told.sent, told.failed) == ((), ())
    assert not (home / "data").exists()


def test_addresses_without_a_mail_server_are_named(home: Path, campaign: Campaign) -> None:
    told = tell_people(Settings(CAMPAIGN_ALERT_EMAIL="ann@clean.example"), [STALE], NOW)
    assert told.failed == (
        "CAMPAIGN_ALERT_EMAIL is set and CAMPAIGN_SMTP_URL is not; set it to the server that sends the mail",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAMPAIGN_ALERT_WEBHOOK", "hooks.example.org/secret"),
        ("CAMPAIGN_ALERT_WEBHOOK", "ftp://hooks.example.org/secret"),
        ("CAMPAIGN_ALERT_WEBHOOK", "https://hooks.example.org:70000/secret"),
        ("CAMPAIGN_ALERT_EMAIL", "ann, secret@b.example"),
        ("CAMPAIGN_SMTP_URL", "user:secret@mail.example"),
        ("CAMPAIGN_SMTP_URL", "smtp://"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_without_showing_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must ") as mistake:
        Settings(**{name: value})
    assert "secret" not in str(mistake.value)


def test_no_text_from_outside_rings_or_links_in_a_chat() -> None:
    problem = Problem(
        "round", "x", "x: <!channel> <https://evil.example|click> @here &amp;", "see\x1b[31m to it"
    )
    message, _ = what_to_tell([problem], {}, NOW)
    assert message.as_document()["text"].count("\n") == 1
    assert not {"<", ">", "\x1b"} & set(message.as_document()["text"])
    assert "@here" not in inert(message.text)


def test_a_message_stays_short() -> None:
    many = [Problem("gap", "x", f"gap {n}", "see", str(n)) for n in range(MOST_LINES + 5)]
    message, kept = what_to_tell(many, {}, NOW)
    assert message.lines[-1] == "and 5 more; see campaign status"
    assert len(message.lines) == MOST_LINES + 1
    assert len(kept) == len(many)
    assert not Message(NOW)


# -- from cron, without Prefect


def test_status_alerts_from_cron(
    built: Path, home: Path, campaign: Campaign, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_ALERT_WEBHOOK", hook.url)
    place = run_of(home / "data", "maintain")
    record_run(place, planned_for=NOW, ended_at=NOW, outcome="failed", message="no room; make some")
    assert campaign("status").code == 1
    assert hook.received == []
    said = campaign("status", "--alert")
    assert (said.code, len(hook.received)) == (1, 1)
    record_run(place, planned_for=NOW, ended_at=NOW, outcome="ok")
    said = campaign("status", "--alert")
    assert (said.code, said.err, len(hook.received)) == (0, "", 2)
    hook.status = 410
    record_run(place, planned_for=NOW, ended_at=NOW, outcome="failed", message="no room; make some")
    said = campaign("status", "--alert")
    assert said.code == 1
    assert said.err.splitlines()[1] == (
        "campaign: the webhook of CAMPAIGN_ALERT_WEBHOOK answered 410; make a new one and set it"
    )
    with unwritable(home / "data"):
        assert campaign("status").code == 1


def test_check_says_where_alerts_go(home: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        "Alerts go nowhere: set CAMPAIGN_ALERT_WEBHOOK, or CAMPAIGN_ALERT_EMAIL and" in campaign("check").out
    )
    monkeypatch.setenv("CAMPAIGN_ALERT_WEBHOOK", f"https://hooks.example/{SECRET_PATH}")
    said = campaign("check")
    assert "Alerts go to CAMPAIGN_ALERT_WEBHOOK" in said.out
    assert SECRET_PATH not in said.out + said.err
    monkeypatch.setenv("CAMPAIGN_ALERT_EMAIL", "ann@clean.example")
    said = campaign("check")
    assert said.code == 1
    assert "CAMPAIGN_SMTP_URL is not; set it" in said.err
