"""When the platforms were asked last for what leaves nothing in the warehouse where it is refused or not
there: the days of an account or a post, mentions and audiences.

Without the record they would be asked at every run of which nothing is told; where it is lost, that is once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from connectors.asking import Ask
from flows.collecting.walked import names_of
from warehouse.durable import write_whole

Subject = tuple[str, str]
"""The type and the name of what was asked for, as `warehouse.known.KnownSubject` has them."""

# Longer than any of them is let be; older attempts say nothing.
KEPT = timedelta(days=30)


def subjects_in(ask: Ask) -> Iterator[Subject]:
    """What an ask names beyond posts' counters. An account has a name for each way in which it is called."""
    for account in ask.days:
        for name in names_of(account.account_id, account.handle):
            yield "account", name
    for mention in ask.mentions:
        is_hashtag = mention.kind == "hashtag"
        yield mention.kind, f"#{mention.subject.lower()}" if is_hashtag else mention.subject
    for audience in ask.audiences:
        yield "audience", f"{audience.ad_account}?{audience.targeting}"
        yield "advertising", f"{audience.ad_account}?{audience.filtering}"
    for post in ask.post_days:
        yield "post", post.alias


def read_attempts(path: Path) -> dict[Subject, datetime]:
    """The record of one platform; empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {
            (str(kind), str(name)): datetime.fromisoformat(moment)
            for kind, names in content.items()
            for name, moment in names.items()
        }
    except (FileNotFoundError, ValueError, AttributeError, TypeError, RecursionError):
        return {}
    return {subject: moment for subject, moment in found.items() if moment.tzinfo is not None}


def record_attempts(path: Path, ask: Ask, moment: datetime) -> None:
    """Add what a run planned for `moment` asked for. The caller holds the platform's lock."""
    asked = dict.fromkeys(subjects_in(ask), moment)
    if not asked:
        return
    before: Mapping[Subject, datetime] = read_attempts(path)
    content: dict[str, dict[str, str]] = {}
    for (kind, name), at in sorted({**before, **asked}.items()):
        if abs(moment - at) <= KEPT:
            content.setdefault(kind, {})[name] = at.isoformat()
    write_whole(path, json.dumps(content))
