"""A made-up platform with every kind of metric that a dictionary can hold, for tests of what lies after the
readings.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import warehouse.build

DICTIONARY = """\
platform,object_type,native_name,canonical_name,priority,kind,day_boundary,since,until,is_comparable,definition,source
elsewhere,post,plays,views,1,counter,,,,false,Plays,Made up
elsewhere,media,plays,views,2,counter,,,,false,Plays of a video,Made up
elsewhere,post,plays/day,views,1,daily,America/Los_Angeles,,,false,Plays in the day,Made up
elsewhere,account,page_views/day,views,1,daily,America/Los_Angeles,,,false,Views in the day,Made up
elsewhere,hashtag,said/day,mentions,1,daily,UTC,,,true,Posts with the hashtag,Made up
elsewhere,hashtag,heard/day,mentions,2,daily,UTC,,,true,"The same, badly counted",Made up
elsewhere,site,said/day,mentions,1,daily,UTC,,,true,Posts with the address,Made up
elsewhere,site,share_count,shares,1,counter,,,,true,Shares of the address,Made up
elsewhere,site,share_plugin_count,shares,2,counter,,,,true,"The same, badly counted",Made up
elsewhere,site,reaction_count,reactions,1,counter,,,,true,Reactions,Made up
elsewhere,site,comment_count,comments,1,counter,,,,true,Comments,Made up
elsewhere,audience,least,audience,1,estimate,,,,false,Least number of people,Made up
elsewhere,audience,most,audience,2,estimate,,,,false,Largest number of people,Made up
elsewhere,advertising,reach/window,reach,1,window,ad account,,,false,People reached,Made up
elsewhere,advertising,reach/day,reach,1,daily,ad account,,,false,People reached in the day,Made up
"""


@contextmanager
def in_the_dictionary(folder: Path) -> Iterator[None]:
    """Let builds know the platform `elsewhere` beside the real ones; `folder` must not exist yet."""
    shutil.copytree(warehouse.build.DICTIONARY, folder)
    (folder / "elsewhere.csv").write_text(DICTIONARY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse.build, "DICTIONARY", folder)
        yield
