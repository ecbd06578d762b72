from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, quote_plus, unquote

from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.redaction import (
    _AHEAD,
    _IN_BROKEN_JSON,
    _IN_QUERY,
    SECRET,
    Redactor,
    _tokens,
)

ENCODINGS: list[Callable[[str], str]] = [
    lambda text: quote(text, safe=""),
    quote,
    quote_plus,
    lambda text: re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text, safe="")),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    html.escape,
]
# What a replacement itself consists of cannot be told from a secret.
secrets = st.text(min_size=6, max_size=40).filter(lambda text: text.strip() == text and text not in SECRET)
nestings = st.lists(st.sampled_from(ENCODINGS), max_size=3)


@given(secrets, nestings, st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_in_any_encoding(
    secret: str, nesting: list[Callable[[str], str]], before: str, after: str
):
    spelled = secret
    for encode in nesting:
        spelled = encode(spelled)
    assume(spelled not in before + SECRET + after)
    redacted = Redactor([secret]).redact(f"{before}{spelled}{after}")
    assert spelled not in redacted
    assert secret not in redacted or secret in before + SECRET + after


@given(secrets, st.lists(st.tuples(nestings, st.text(max_size=10)), max_size=5))
def test_all_spellings_of_one_secret_go_from_one_text(
    secret: str, spellings: list[tuple[list[Callable[[str], str]], str]]
):
    spelled = []
    for nesting, _ in spellings:
        text = secret
        for encode in nesting:
            text = encode(text)
        spelled.append(text)
    text = "\n".join(f"{one}\n{between}" for one, (_, between) in zip(spelled, spellings, strict=True))
    redacted = Redactor([secret]).redact(text)
    around = "\n".join([SECRET, *(between for _, between in spellings)])
    assert all(one not in redacted or one in around for one in spelled)


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8, max_size=60))
def test_a_token_in_json_is_learned_and_the_document_stays_readable(token: str):
    redactor = Redactor([])
    body = json.dumps(
        {"data": [{"id": "1", "access_token": token}], "next": f"https://h/?access_token={token}&a=1"}
    )
    redactor.learn_from(body)
    assert json.loads(redactor.redact(body)) == {
        "data": [{"id": "1", "access_token": SECRET}],
        "next": f"https://h/?access_token={SECRET}&a=1",
    }


class Slow(Redactor):
    """Looks at every letter for every spelling and every name."""

    def redact(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, SECRET)
        return text

    def learn_from(self, text: str) -> None:
        text = self.redact(text)
        if not _AHEAD.search(text):
            return
        try:
            found = set(_tokens(json.loads(text)))
        except ValueError:
            found = {*_IN_QUERY.findall(text), *_IN_BROKEN_JSON.findall(text)}
        for token in found:
            if len(token) >= 6 and SECRET not in token:
                self.learn(token)
                self.learn(unquote(token))

    def clean(self, texts: Sequence[str]) -> list[str]:
        for text in texts:
            self.learn_from(text)
        return [self.redact(text) for text in texts]


names = st.sampled_from(["access_token", "id_token", "next_token", "client_secret", "appsecret_proof", "a_"])
tokens = st.text("abAB12|/=", min_size=3, max_size=12)
texts = st.lists(
    st.one_of(
        st.builds("https://h/?{}={}&limit=1 ".format, names, tokens),
        st.builds('"{}":"{}",'.format, names, tokens),
        st.builds('\\"{}\\" : \\"{}\\" '.format, names, tokens),
        st.builds(lambda name, token: json.dumps({"data": [{name: token}]}), names, tokens),
        st.builds("{}%3D{} ".format, names, tokens),
        tokens,
        names,
    ),
    max_size=6,
).map("".join)


@given(st.lists(tokens, max_size=4), st.lists(texts, max_size=4))
def test_looking_for_beginnings_and_endings_finds_what_looking_at_every_letter_finds(
    known: list[str], passing: list[str]
):
    quick, slow = Redactor(known), Slow(known)
    assert quick.clean(passing) == slow.clean(passing)
    assert [quick.redact(text) for text in passing] == [slow.redact(text) for text in passing]


def test_a_token_in_one_text_goes_from_the_texts_before_it():
    before, after = Redactor([]).clean(["see token-1234", "https://h/?access_token=token-1234"])
    assert (before, after) == (f"see {SECRET}", f"https://h/?access_token={SECRET}")


def test_a_longer_secret_is_replaced_before_the_one_inside_it():
    assert (
        Redactor(["token-1", "token-1-and-more"]).redact("a token-1-and-more b token-1")
        == f"a {SECRET} b {SECRET}"
    )


def test_an_empty_secret_replaces_nothing():
    assert Redactor(["", " "]).redact("a b") == "a b"


def test_a_secret_pasted_with_a_line_break_is_known_without_it():
    assert Redactor(["token-123\n"]).redact("see token-123.") == f"see {SECRET}."


def test_a_documents_mention_of_access_token_teaches_nothing():
    redactor = Redactor([])
    redactor.learn_from(
        '{"message":"An access_token is required; access_token= must be set","access_token":""}'
    )
    assert redactor.redact("is required; must be set") == "is required; must be set"


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=20, max_size=60),
    st.integers(12, 60),
)
def test_a_message_that_was_cut_off_inside_a_secret_keeps_nothing_of_it(secret: str, kept: int):
    assume(secret[:12] not in "the token  was refused" + SECRET)
    told = Redactor([secret]).redact_message(f"the token {secret[:kept]} was refused")
    assert told == f"the token {SECRET} was refused"


def test_a_message_without_secrets_is_left_as_it_is():
    message = "the secret to it; see docs"
    assert Redactor(["secret-token-1"]).redact_message(message) == message
