"""Telling people that something is wrong, and once more when it is over: by a webhook, by e-mail, or both.

A problem is told once, reminded of daily while it lasts, and told to be over. What was told to whom stands in
`.alerts.json` of the home, so that it does not matter who looks or how often: a collect's end, the hourly
watch, `campaign status --alert`. A message that could not be sent is no failure of what it was about; it is
tried again by whoever looks next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from connectors.redaction import Redactor, filter_logs
from flows.console import plain
from flows.health.problems import Problem, moment_in_words
from flows.settings import MAIL_ADDRESS
from warehouse.durable import write_whole
from warehouse.one_at_a_time import Busy, one_at_a_time

if TYPE_CHECKING:
    from flows.settings import Settings

ALERTS = ".alerts.json"
ALERTS_LOCK = ".alerts.lock"

REMINDED_EVERY = timedelta(days=1)
# The rest is counted; whoever comes looks at campaign status anyway.
MOST_LINES = 20
TIMEOUT_S = 20.0
WAITS_S = 60.0

WEBHOOK = "CAMPAIGN_ALERT_WEBHOOK"
EMAIL = "CAMPAIGN_ALERT_EMAIL"
SMTP_URL = "CAMPAIGN_SMTP_URL"

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotSent(Exception):
    """A message did not go out: one plain line without the address, that names the cure."""


@dataclass(frozen=True)
class Past:
    """A problem that was told: since when, and what was said."""

    key: str
    line: str
    since: datetime


@dataclass(frozen=True)
class Message:
    """What is told at once: what is new, what lasts and is reminded of, and what is over."""

    at: datetime
    new: tuple[Problem, ...] = ()
    lasting: tuple[tuple[Problem, datetime], ...] = ()
    over: tuple[Past, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.lasting or self.over)

    @property
    def headline(self) -> str:
        counted = [
            f"{len(found):,} {word}"
            for found, word in ((self.new, "new"), (self.lasting, "still there"), (self.over, "over"))
            if found
        ]
        only = [*(problem.line for problem in self.new), *(past.line for past in self.over)]
        told = f": {only[0]}" if len(only) == 1 and not self.lasting else ""
        return " ".join(plain(f"campaign: {', '.join(counted)}{told}").split())

    @property
    def lines(self) -> list[str]:
        """A plain line for each, what is new first."""
        found = [str(problem) for problem in self.new]
        found += [f"still, since {moment_in_words(since)}: {problem}" for problem, since in self.lasting]
        found += [f"over: {past.line} (told since {moment_in_words(past.since)})" for past in self.over]
        if len(found) > MOST_LINES:
            found[MOST_LINES:] = [f"and {len(found) - MOST_LINES:,} more; see campaign status"]
        return [" ".join(plain(line).split()) for line in found]

    @property
    def text(self) -> str:
        return "\n".join((self.headline, *(f"- {line}" for line in self.lines)))

    def as_document(self) -> dict[str, Any]:
        """The message as a webhook takes it: `text` for chats, the rest for programs."""
        return {
            "text": inert(self.text),
            "at": self.at.isoformat(),
            "new": [_told(problem, self.at) for problem in self.new],
            "lasting": [_told(problem, since) for problem, since in self.lasting],
            "over": [
                {"key": past.key, "line": past.line, "since": past.since.isoformat()} for past in self.over
            ],
        }


@dataclass(frozen=True)
class Channel:
    """A way to people. `id` tells two addresses apart without holding one."""

    id: str
    setting: str
    send: Callable[[Message], None]


@dataclass(frozen=True)
class Alerted:
    """What became of telling: the settings by which something was sent, and a plain line for each that
    failed."""

    sent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def channels_of(settings: Settings) -> list[Channel]:
    """The ways to people that the settings name. Raises NotSent when they name one by halves."""
    found = []
    if settings.alert_webhook is not None:
        url = settings.alert_webhook.get_secret_value()
        found.append(Channel(_id("webhook", url), WEBHOOK, lambda message: post_to(url, message)))
    if settings.alert_email is not None:
        if settings.smtp_url is None:
            raise NotSent(f"{EMAIL} is set and {SMTP_URL} is not; set it to the server that sends the mail")
        server, to = settings.smtp_url.get_secret_value(), settings.alert_email
        found.append(Channel(_id("email", ",".join(to)), EMAIL, lambda message: mail_to(server, to, message)))
    return found


def tell_people(settings: Settings, problems: Sequence[Problem], clock: datetime) -> Alerted:
    """Send what each channel has not heard yet, and keep that it has. Raises OSError when the home cannot be
    written."""
    try:
        channels = channels_of(settings)
    except NotSent as mistake:
        return Alerted(failed=(str(mistake),))
    if not channels:
        return Alerted()
    settings.home.mkdir(parents=True, exist_ok=True)
    sent, failed = [], []
    try:
        with one_at_a_time(settings.home / ALERTS_LOCK, wait_s=WAITS_S):
            for channel in channels:
                # Read anew: a channel that failed must not undo what another has been told.
                state = _read(settings.home / ALERTS)
                told = state.get(channel.id, {})
                message, kept = what_to_tell(problems, told, clock)
                if not message:
                    continue
                try:
                    channel.send(message)
                except NotSent as trouble:
                    failed.append(str(trouble))
                    continue
                sent.append(channel.setting)
                live = {each.id for each in channels}
                state = {key: value for key, value in state.items() if key in live} | {channel.id: kept}
                write_whole(settings.home / ALERTS, json.dumps(state))
    except Busy as busy:
        failed.append(f"no alert was sent: {busy}; whoever looks next sends it")
    return Alerted(tuple(sent), tuple(failed))


def what_to_tell(
    problems: Iterable[Problem], told: Mapping[str, Mapping[str, str]], clock: datetime
) -> tuple[Message, dict[str, dict[str, str]]]:
    """The message for somebody who was `told` that (by a problem's key: `line`, `since`, `told_at`), and what
    they know once they have it. The message is false when there is nothing to say."""
    new: list[Problem] = []
    lasting: list[tuple[Problem, datetime]] = []
    kept: dict[str, dict[str, str]] = {}
    for problem in problems:
        if problem.key in kept:
            continue
        before = told.get(problem.key)
        since = datetime.fromisoformat(before["since"]) if before else clock
        is_reminded = before is not None and (
            clock - datetime.fromisoformat(before["told_at"]) >= REMINDED_EVERY
        )
        if before is None:
            new.append(problem)
        elif is_reminded:
            lasting.append((problem, since))
        told_at = clock.isoformat() if before is None or is_reminded else before["told_at"]
        kept[problem.key] = {"line": problem.line, "since": since.isoformat(), "told_at": told_at}
    over = tuple(
        Past(key, before["line"], datetime.fromisoformat(before["since"]))
        for key, before in told.items()
        if key not in kept
    )
    return Message(clock, tuple(new), tuple(lasting), over), kept


def post_to(url: str, message: Message) -> None:
    """POST a message to a webhook, as JSON. Raises NotSent."""
    import requests

    from connectors.network import network_cause

    stop_filtering = filter_logs(Redactor([url, urlsplit(url).path.strip("/")]))
    try:
        with requests.Session() as session:
            answer = session.post(url, json=message.as_document(), timeout=TIMEOUT_S, allow_redirects=False)
            status = answer.status_code
    except requests.RequestException as error:
        # Not chained: the error holds the address.
        cause = network_cause(error)
        status = 0
    finally:
        stop_filtering()
    if status == 0:
        raise NotSent(f"the webhook of {WEBHOOK} cannot be reached ({cause}); check its address")
    if not 200 <= status < 300:
        raise NotSent(f"the webhook of {WEBHOOK} answered {status}; make a new one and set it")


def mail_to(server_url: str, to: Sequence[str], message: Message) -> None:
    """Send a message by e-mail. Raises NotSent."""
    import smtplib
    import ssl
    from email.message import EmailMessage

    server = urlsplit(server_url)
    host = server.hostname or ""
    user, password = unquote(server.username or ""), unquote(server.password or "")
    mail = EmailMessage()
    mail["Subject"] = message.headline[:200]
    named = (*parse_qs(server.query).get("from", ()), user)
    mail["From"] = next((address for address in named if MAIL_ADDRESS.fullmatch(address)), to[0])
    mail["To"] = ", ".join(to)
    mail["Date"] = message.at
    mail.set_content(message.text + "\n")
    context = ssl.create_default_context()
    problem = ""
    try:
        with (
            smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT_S, context=context)
            if server.scheme == "smtps"
            else smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT_S)
        ) as smtp:
            smtp.ehlo()
            if server.scheme == "smtp" and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                smtp.ehlo()
            elif server.scheme == "smtp" and password and host not in _LOOPBACK:
                raise NotSent(
                    f"the mail server of {SMTP_URL} would get the password in the clear; use smtps://"
                )
            if password:
                smtp.login(user, password)
            refused = smtp.send_message(mail)
            if refused:
                problem = f"refused {len(refused):,} of {len(to):,} addresses"
    except smtplib.SMTPAuthenticationError:
        problem = "refused the user name and password"
    except smtplib.SMTPResponseException as error:
        problem = f"answered {error.smtp_code}"
    except smtplib.SMTPRecipientsRefused:
        problem = f"refused every address of {EMAIL}"
    except (smtplib.SMTPException, OSError) as error:
        problem = f"cannot be reached ({type(error).__name__})"
    if problem:
        raise NotSent(f"the mail server of {SMTP_URL} {problem}; check {SMTP_URL} and {EMAIL}")


def inert(text: str) -> str:
    """A text in which no chat finds a mention, a link of its own making or a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _told(problem: Problem, since: datetime) -> dict[str, Any]:
    return {
        "key": problem.key,
        "kind": problem.kind,
        "platform": problem.platform,
        "line": problem.line,
        "fix": problem.fix,
        "since": since.isoformat(),
    }


def _id(kind: str, address: str) -> str:
    return f"{kind}-{sha256(address.encode()).hexdigest()[:12]}"


def _read(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """What each channel was told; empty when the record is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for told in content.values():
            for before in told.values():
                str(before["line"])
                moments = [datetime.fromisoformat(before[name]) for name in ("since", "told_at")]
                if any(moment.tzinfo is None for moment in moments):
                    return {}
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return {}
    found: dict[str, dict[str, dict[str, str]]] = content
    return found
