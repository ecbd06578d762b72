"""How secrets are kept out of what is recorded, logged and raised: every spelling of each is replaced.

Secrets are given (the credentials of a run) or learned from what passes: OAuth answers and the lists of Page
tokens carry new ones, and requests carry what was derived from them.
"""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from urllib.parse import quote, quote_plus, unquote

SECRET = "[secret]"  # noqa: S105  (what stands in a secret's place)

# urllib3 logs request paths with their query; tweepy logs its Authorization header and the bodies; what signs
# requests by OAuth 1 logs tokens, the text that is signed and the header made of it.
TALKATIVE_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "tweepy.client",
    "oauthlib.oauth1.rfc5849",
    "requests_oauthlib.oauth1_auth",
)
# Under these names stand secrets, in answers as in requests.
_NAMES = (
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "appsecret_proof",
    "fb_exchange_token",
)
_NAMED = f"(?:{'|'.join(_NAMES)})"
# The value of any of them that has not been replaced: in a query, in JSON, or in JSON inside JSON.
_AHEAD = re.compile(_NAMED + r'(?:=|%3[dD]|\\*"\s*:\s*\\*")(?!\[secret\])')
_IN_QUERY = re.compile(_NAMED + r"(?:=|%3[dD])([^&#\s\"'\\<>]+)")
_IN_BROKEN_JSON = re.compile(_NAMED + r'\\*"\s*:\s*\\*"([^"\\]+)')
# What the names end with: looking for three costs half of looking for six.
_ENDINGS = ("_token", "client_secret", "appsecret_proof")
# A text is searched for the beginnings of the spellings first, which many have in common.
_BEGINNING = 6
_SHORTEST_LEARNED = 6
# Less of a secret tells nobody anything, and more of other texts would be taken for one.
_SHORTEST_PART = 12


def _spellings(secret: str) -> list[str]:
    """The ways in which a secret may be written in an URL, a JSON text, a page or any nesting of up to three
    of them.

    Longest first, so that replacing one never leaves the tail of another.
    """

    def lower_hex(text: str) -> str:
        return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)

    def written(text: str) -> set[str]:
        quoted = {quote(text, safe=""), quote(text, safe="/"), quote(text, safe="!'()*"), quote_plus(text)}
        # As the session spells a query.
        quoted.add(quote_plus(text, safe=","))
        escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        escaped |= {form.replace("/", "\\/") for form in escaped}
        escaped |= {re.sub("[&<>']", lambda found: f"\\u{ord(found[0]):04x}", form) for form in escaped}
        shown = {html.escape(text), html.escape(text, quote=False), repr(text)[1:-1]}
        return quoted | {lower_hex(form) for form in quoted} | escaped | shown

    forms = newest = {secret}
    for _ in range(3):
        newest = {form for text in newest for form in written(text)} - forms
        forms = forms | newest
    return sorted(forms, key=lambda form: (-len(form), form))


class Redactor:
    """Replaces every secret it was given or has learned by `[secret]`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known: set[str] = set()
        self._spellings: list[str] = []
        self._beginnings: list[str] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        if not secret.strip():
            return
        for form in {secret, secret.strip()} - self._known:
            self._known.add(form)
            merged = {*self._spellings, *_spellings(form)}
            self._spellings = sorted(merged, key=lambda spelling: (-len(spelling), spelling))
        self._beginnings = _shortest_beginnings(self._spellings)

    def redact(self, text: str) -> str:
        if not any(beginning in text for beginning in self._beginnings):
            return text
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, SECRET)
        return text

    def redact_message(self, text: str) -> str:
        """As `redact`, and also what is left of a secret inside which the text was cut off: messages quote
        only a part of the platforms' words.
        """
        text = self.redact(text)
        for spelling in self._spellings:
            beginning = spelling[:_SHORTEST_PART]
            while len(beginning) == _SHORTEST_PART and beginning in text:
                at = text.index(beginning)
                same = takewhile(lambda pair: pair[0] == pair[1], zip(spelling, text[at:], strict=False))
                text = text[:at] + SECRET + text[at + len(list(same)) :]
        return text

    def learn_from(self, text: str) -> None:
        """Learns the tokens that an answer or a request carries: under their names in JSON, and in the query
        of a URL.
        """
        self._redacted_and_learned(text)

    def clean(self, texts: Sequence[str]) -> list[str]:
        """Learns from every one of the texts; gives each as `redact` does after that."""
        known = len(self._known)
        redacted = [self._redacted_and_learned(text) for text in texts]
        return redacted if len(self._known) == known else [self.redact(text) for text in texts]

    def _redacted_and_learned(self, text: str) -> str:
        """The text without the secrets that were known before. What it carries is learned."""
        text = self.redact(text)
        if not any(_AHEAD.match(text, place) for place in _places_of_names(text)):
            return text
        try:
            found = set(_tokens(json.loads(text)))
        except (ValueError, RecursionError):
            found = {*_IN_QUERY.findall(text), *_IN_BROKEN_JSON.findall(text)}
        for token in found:
            if len(token) >= _SHORTEST_LEARNED and SECRET not in token:
                self.learn(token)
                self.learn(unquote(token))
        return text


def _shortest_beginnings(spellings: Iterable[str]) -> list[str]:
    """Of the beginnings of the spellings those that no other one begins."""
    found = sorted({spelling[:_BEGINNING] for spelling in spellings})
    kept: list[str] = []
    for beginning in found:
        if not kept or not beginning.startswith(kept[-1]):
            kept.append(beginning)
    return kept


def _places_of_names(text: str) -> Iterator[int]:
    """Where the names begin in a text. A pattern that looks at every letter of a page takes twenty times as
    long.
    """
    for ending in _ENDINGS:
        end = text.find(ending) + len(ending)
        while end >= len(ending):
            yield from (end - len(name) for name in _NAMES if text.endswith(name, 0, end))
            end = text.find(ending, end) + len(ending)


def names_a_secret(text: str) -> bool:
    """Whether one of the names is in a text under which secrets stand."""
    return any(name in text for name in _NAMES)


def _tokens(document: object) -> Iterator[str]:
    """The tokens in a JSON document, also in JSON texts and URLs inside its strings."""
    match document:
        case dict():
            for key, value in document.items():
                if key in _NAMES and isinstance(value, str):
                    yield value
                else:
                    yield from _tokens(value)
        case list():
            for value in document:
                yield from _tokens(value)
        case str() if names_a_secret(document):
            yield from _IN_QUERY.findall(document)
            if document.startswith(("{", "[")):
                try:
                    yield from _tokens(json.loads(document))
                except (ValueError, RecursionError):
                    yield from _IN_BROKEN_JSON.findall(document)


class _RedactingFilter(logging.Filter):
    """Rewrites log records of the libraries below, whatever level and handler the process has set."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} ({record.exc_info[1]!r})"
        record.msg, record.args = self._redactor.redact(text), None
        record.exc_info = record.exc_text = None
        return True


def filter_logs(redactor: Redactor) -> Callable[[], None]:
    """Keeps what the redactor knows out of the libraries' logs, until what is returned is called."""
    redacting = _RedactingFilter(redactor)
    for name in TALKATIVE_LOGGERS:
        logging.getLogger(name).addFilter(redacting)

    def stop() -> None:
        for name in TALKATIVE_LOGGERS:
            logging.getLogger(name).removeFilter(redacting)

    return stop
