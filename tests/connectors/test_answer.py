from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors import x
from connectors.answer import Answer
from connectors.garbage import OBJECTS_BETWEEN, look_seldom
from tests.connectors.conftest import Wire
from tests.connectors.loopback import Answer as Said
from tests.connectors.loopback import Loopback
from tests.connectors.test_wire import POSTS, ask_x

Connect = Callable[..., Wire]

documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(-(2**70), 2**70),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def of_python(body: bytes) -> object:
    """What requests itself reads: the document's text, or that it is none."""
    plain = requests.Response()
    plain._content, plain.encoding = body, "utf-8"
    try:
        return repr(plain.json())
    except requests.JSONDecodeError:
        return "none"


def read(body: bytes) -> object:
    try:
        return repr(Answer.of(requests.Response(), body).json())
    except requests.JSONDecodeError:
        return "none"


@given(documents, st.booleans())
def test_an_answer_says_what_requests_would_have_read(document: object, is_ascii: bool):
    # Half a character and NaN, which JSON does not know and Python writes and reads, are among them.
    body = json.dumps(document, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    assert read(body) == of_python(body)


@pytest.mark.parametrize("number", [-(2**63) - 1, -(2**63), 2**63, 2**64 - 1, 2**64, 10**30])
def test_a_whole_number_keeps_all_its_digits(number: int):
    assert read(b'{"id":%d}' % number) == repr({"id": number})


@given(st.binary(max_size=30))
def test_what_is_no_json_is_none_for_an_answer_as_for_requests(body: bytes):
    assert read(body) == of_python(body)


def test_who_judges_and_who_asked_get_one_document(server: Loopback, connect: Connect):
    judged: list[object] = []

    def judge(response: requests.Response) -> None:
        judged.append(response.json())

    server.on(POSTS, Said({"data": []}))
    assert ask_x(connect(x, judge=judge)).json() is judged[0]


def test_the_log_of_an_sdk_holds_no_body(
    server: Loopback, connect: Connect, caplog: pytest.LogCaptureFixture
):
    server.on(POSTS, Said({"data": [{"id": "1", "text": "what somebody wrote"}]}))
    with caplog.at_level(logging.DEBUG):
        answer = ask_x(connect(x))
    assert "Received API response" in caplog.text
    assert "what somebody wrote" not in caplog.text
    assert json.loads(answer.content) == answer.json()


def test_cycles_are_looked_for_seldom_while_a_session_is_open(connect: Connect):
    before = gc.get_threshold()
    one, other = connect(x), connect(x)
    one.session.close()
    assert gc.get_threshold()[0] == OBJECTS_BETWEEN
    one.session.close()
    assert gc.get_threshold()[0] == OBJECTS_BETWEEN
    other.session.close()
    assert gc.get_threshold() == before


def test_whoever_looks_for_no_cycles_at_all_is_not_made_to():
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        as_before = look_seldom()
        assert gc.get_threshold()[0] == 0
        as_before()
        assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)
