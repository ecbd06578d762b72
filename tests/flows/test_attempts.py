"""The record of what was asked for, told or not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.asking import AccountDays, Ask, AudienceReach, Mentions, PostDays
from flows.collecting.attempts import KEPT, read_attempts, record_attempts

T0 = datetime(2026, 5, 20, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 5, 1), date(2026, 5, 20)
WHOLE = Ask(
    "x",
    days=(AccountDays("a", FIRST, LAST, handle="CleanWaterNow", account_id="77"),),
    mentions=(
        Mentions("a", "hashtag", "VoteWater", FIRST, LAST),
        Mentions("a", "site", "https://Water.example/", FIRST, LAST),
    ),
    audiences=(AudienceReach("a", "act_1", "{}", "[1]", "age", FIRST, LAST),),
    post_days=(PostDays("a", "77_1", FIRST, LAST),),
)
SUBJECTS = {
    ("account", "77"),
    ("account", "@cleanwaternow"),
    ("hashtag", "#votewater"),
    ("site", "https://Water.example/"),
    ("audience", "act_1?{}"),
    ("advertising", "act_1?[1]"),
    ("post", "77_1"),
}


def test_what_was_asked_is_kept_under_the_names_by_which_it_is_known(tmp_path: Path) -> None:
    record_attempts(tmp_path / "x.json", WHOLE, T0)
    assert read_attempts(tmp_path / "x.json") == dict.fromkeys(SUBJECTS, T0)


def test_later_attempts_are_added_and_old_ones_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record_attempts(path, WHOLE, T0)
    record_attempts(path, Ask("x", mentions=WHOLE.mentions[:1]), T0 + KEPT)
    assert read_attempts(path) == dict.fromkeys(SUBJECTS, T0) | {("hashtag", "#votewater"): T0 + KEPT}
    record_attempts(path, Ask("x", mentions=WHOLE.mentions[:1]), T0 + KEPT + timedelta(seconds=1))
    assert set(read_attempts(path)) == {("hashtag", "#votewater")}


def test_a_run_that_asked_for_posts_alone_writes_nothing(tmp_path: Path) -> None:
    record_attempts(tmp_path / "x.json", Ask("x"), T0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"site": 3}',
        '{"site": {"a": 3}}',
        '{"site": {"a": "2026-05-20T12:00:00"}}',
        "[" * 99999,
    ],
    ids=len,
)
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    assert read_attempts(tmp_path / "x.json") == {}
    assert read_attempts(tmp_path / "missing.json") == {}
