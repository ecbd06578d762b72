"""Imports that are killed are finished by the next one, and each export counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.crashes.conftest import Chance, Home
from tests.exports.samples import (
    BUSINESS_SUITE_FACEBOOK,
    X_CONTENT,
    content_row,
    facebook_row,
    table,
)
from tests.warehouse.compare import differences, everything_said
from tests.warehouse.lake import Lake, campaign

EXPORTED = datetime(2019, 12, 10, 12, tzinfo=UTC)
POSTS = 40


def exports(folder: Path, number: int) -> list[str]:
    """The arguments of the numbered import: two files that somebody downloaded on the numbered day."""
    x, facebook = folder / f"x-{number}.csv", folder / f"facebook-{number}.csv"
    ids = [1202303639353931427 + post for post in range(POSTS)]
    x.write_text(table(X_CONTENT, *(content_row(post, Reposts=7 + number) for post in ids)))
    facebook.write_text(table(BUSINESS_SUITE_FACEBOOK, facebook_row(Views=500 + number)))
    moment = (EXPORTED + timedelta(days=number)).isoformat()
    options = ["--account", "x:@CleanWaterNow", "--observed-at", moment, "--timezone", "UTC"]
    return ["import", "--verbose", str(x), str(facebook), *options]


def test_a_killed_import_is_finished_by_the_next_and_counts_once(
    home: Home, unharmed: Home, chance: Chance, tmp_path: Path
) -> None:
    film = ["facebook:111_222", "x:1202303639353931427", "x:1202303639353931428"]
    for one in (home, unharmed):
        Lake(one.folder).register(campaign(assets={"film": film}))
    left, number = chance.kills(14), 0
    while left > 0:
        number += 1
        arguments = exports(tmp_path, number)
        usual = unharmed.succeeds(*arguments)
        for _ in range(chance.random.randint(1, 3)):
            if left % 2:
                home.campaign(*arguments, after_s=chance.instant(usual.seconds))
            else:
                home.campaign(*arguments, before_naming=chance.random.randrange(usual.named))
            left -= 1
            home.check_landing()
        home.succeeds(*arguments)
        assert len(home.check_landing()) == len(unharmed.check_landing())
        assert "nothing new" in home.succeeds(*arguments).said
    for one in (home, unharmed):
        Lake(one.folder).build()
    assert differences(everything_said(unharmed.warehouse), everything_said(home.warehouse)) == {}
