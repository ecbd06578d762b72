"""Laws of what is known of posts and accounts, whichever of two answers comes first. Those of the numbers are
in the files beside this one.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path

from tests.warehouse.lake import Lake, campaign


def edit(post_id: str, edits: list[str], text: str, likes: int) -> dict[str, object]:
    """One edit of a post, under an id of its own."""
    shown = {"text": text, "author_id": "9", "public_metrics": {"like_count": likes}}
    return {"id": post_id, "edit_history_tweet_ids": edits, **shown}


def test_the_newest_edit_tells_what_a_post_says_in_whatever_order_edits_are_shown(tmp_path: Path) -> None:
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    lake = Lake(tmp_path)
    lake.register(campaign())
    oldest, expected = [], []
    for number, order in enumerate(itertools.permutations(range(3))):
        for kind in (6, 7):
            history = [f"{kind}{number}{place}" for place in range(3)]
            # The second kind as if the platform told each edit with the history of its own moment.
            shown = [
                edit(one, history if kind == 6 else history[: place + 1], f"text of {one}", 5)
                for place, one in enumerate(history)
            ]
            lake.answer(hour, {"data": [shown[place] for place in order]})
            oldest.append(edit(history[0], history, f"text of {history[0]}", 5))
            expected.append((f"text of {history[2]}", f"https://x.com/i/status/{history[2]}"))
    lake.build()
    # A link to an old edit is asked for, alone and later.
    lake.answer(hour + timedelta(hours=5), {"data": oldest})
    lake.build()
    assert lake.query("select title, permalink from facts.posts order by all") == sorted(expected)
    incremental = lake.tables()
    lake.build(full=True)
    assert lake.tables() == incremental


def test_two_names_of_an_account_in_one_answer_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    lake = Lake(tmp_path)
    lake.register(campaign())
    for number, order in enumerate(itertools.permutations(["ours", "ours_hq", "ours2019"])):
        users = [{"id": str(number), "username": name, "name": name} for name in order]
        lake.answer(hour, {"data": [], "includes": {"users": users}}, run_id=f"run-{number}")
    lake.build()
    assert len(lake.query("select distinct latest.handle, latest.name from summaries.accounts")) == 1
