"""`assets.csv` beside the campaigns: the list of assets as a spreadsheet."""
# ruff: noqa: E501 - messages stand here on one line, as they are read

from __future__ import annotations

import pytest

from flows.registry import Asset, Match, PostReference
from tests.registry.conftest import HEAD, Folder

ONE = """\
id,title,side,kind,tags,tone,post
film,"Film, the",clean-water,video,favourite; first,positive,https://x.com/a/status/20

film,,,,,,facebook:1_2
song,Song,clean-water,video,,,
"""


def test_rows_of_one_id_make_one_asset(folder: Folder) -> None:
    folder.write("a.toml", HEAD)
    folder.write("assets.csv", ONE)

    assert folder.load().campaigns[0].assets == (
        Asset(
            id="film",
            title="Film, the",
            side="clean-water",
            kind="video",
            tags=("favourite", "first"),
            tone="positive",
            posts=(PostReference("x", "20"), PostReference("facebook", "1_2")),
        ),
        Asset("song", "Song", "clean-water", "video", (), None, ()),
    )


ASSET_WITH_RULE = """
[[assets]]
id = "film"
title = "Film"
side = "clean-water"
kind = "video"
posts = ["x:1"]
match = { text = ["clean water"] }
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_save_is_read(folder: Folder, encoding: str) -> None:
    folder.write("a.toml", HEAD)
    text = "ID,Title,Side,Kind,Post,,\r\nfilm,Café,clean-water,video,x:20,,\r\n,,,,,,\r\n"
    folder.write("assets.csv", text.encode(encoding))

    (asset,) = folder.load().campaigns[0].assets

    assert (asset.title, asset.posts) == ("Café", (PostReference("x", "20"),))


def test_rows_add_posts_to_an_asset_of_the_toml(folder: Folder) -> None:
    more = '[[assets]]\nid = "film"\ntitle = "Film"\nside = "clean-water"\nkind = "video"\nposts = ["x:1"]\n'
    folder.write("a.toml", HEAD + more)
    folder.write("assets.csv", "id,title,post,tags\nfilm,,x:2,late\nfilm,Film,x:3,late\n")

    (asset,) = folder.load().campaigns[0].assets

    assert [str(post) for post in asset.posts] == ["x:1", "x:2", "x:3"]
    assert asset.tags == ("late",)


def test_in_a_folder_of_campaigns_each_row_says_whose_it_is(folder: Folder) -> None:
    folder.write("a.toml", HEAD)
    folder.write("b.toml", HEAD.replace("water-2026", "air-2026"))
    folder.write(
        "assets.csv", "campaign,id,title,side,kind,post\nair-2026,film,Film,clean-water,video,x:20\n"
    )

    assert [len(campaign.assets) for campaign in folder.load().campaigns] == [0, 1]
    assert [len(campaign.assets) for campaign in folder.load("a.toml").campaigns] == [0]
    assert [len(campaign.assets) for campaign in folder.load("b.toml").campaigns] == [1]


def test_a_broken_campaign_does_not_cast_blame_on_its_rows(folder: Folder) -> None:
    folder.write("a.toml", HEAD)
    folder.write("b.toml", "id = 1")
    folder.write(
        "assets.csv", "campaign,id,title,side,kind,post\nair-2026,film,Film,clean-water,video,x:20\n"
    )

    assert all(line.startswith("b.toml: ") for line in folder.mistakes())


def test_what_is_kept_out_is_noticed_with_its_line(folder: Folder) -> None:
    folder.platforms = {"x": folder.platforms["x"]}
    folder.write("a.toml", HEAD)
    folder.write("assets.csv", ONE + "song,,,,,,youtube:abc\n")

    assert folder.notices() == [
        "assets.csv: facebook: this release does not collect it yet; line 4, post is kept in the file and not read",
        "assets.csv: youtube: this release does not collect it yet; line 6, post is kept in the file and not read",
    ]


HEADER = "id,title,side,kind,tags,tone,post\n"
FILM = "film,Film,clean-water,video,a,,x:20\n"
COLUMNS = "campaign, id, title, side, kind, tags, tone, post"
CASES: dict[str, tuple[str | bytes, str]] = {
    "nothing in it": ("", f"begin it with the header {COLUMNS.replace(', ', ',')}"),
    "not UTF-8": (
        b"id,title\ncaf\xe9,",
        "line 2: is not UTF-8 text; save the file as CSV UTF-8 (comma separated)",
    ),
    "UTF-16": (
        "id,title".encode("utf-16"),
        "line 1: is not UTF-8 text; save the file as CSV UTF-8 (comma separated)",
    ),
    "semicolons": (
        "id;title;post\n",
        "line 1: is separated by semicolons; save the sheet as CSV with commas",
    ),
    "a quote left open": (
        HEADER + 'film,"Film',
        "line 2: is not CSV (unexpected end of data); save the sheet again as CSV UTF-8 (comma separated)",
    ),
    "column mistyped": ("id,titel\n", 'line 1: "titel" is not a column of assets.csv; did you mean "title"?'),
    "column unheard of": (
        "id,qqq\n",
        f'line 1: "qqq" is not a column of assets.csv; its columns are {COLUMNS}',
    ),
    "column twice": ("id,post,post\n", "line 1: the column post is there twice; remove one"),
    "no id column": ("title\n", f"line 1: has no column id; its columns are {COLUMNS}"),
    "a cell too many": (
        HEADER + "film,Film, the,clean-water,video,,,x:20\n",
        'line 2: has more cells than the header; put a cell that holds a comma in "quotes"',
    ),
    "no id": (HEADER + ",Film,clean-water,video,,,\n", "line 2, id: is missing; fill in the column id"),
    "no title": (
        HEADER + "film,,clean-water,video,,,\n",
        "line 2, title: is missing; fill in the column title",
    ),
    "side undefined": (
        HEADER + "film,Film,clean-woter,video,,,\n",
        'line 2, side: "clean-woter" is not the id of a side; did you mean "clean-water"?',
    ),
    "another campaign": (
        "campaign," + HEADER + "water-2025," + FILM,
        'line 2, campaign: "water-2025" is not the id of a campaign; did you mean "water-2026"?',
    ),
    "another title": (
        HEADER + FILM + "film,Movie,,,,,\n",
        'line 3, title: "Movie" differs from line 2; give it once, or the same in every row',
    ),
    "other tags": (
        HEADER + FILM + "film,,,,b;c,,\n",
        'line 3, tags: "b; c" differs from line 2; give it once, or the same in every row',
    ),
    "a post without a sense, below a cell of two lines": (
        HEADER + FILM + '\n"film",,,,"d\n",,\nfilm,,,,,,20\n',
        'line 6, post: "20" is neither a web address nor platform:id; '
        'paste the post\'s URL, or write platform:id as in "x:1786512345678901234"',
    ),
    "one post in two assets": (
        HEADER + FILM + "song,Song,clean-water,video,,,x:20\n",
        "line 3, post: x:20 is already a post of line 2; keep it in one asset: its figures must count once",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_its_line_and_its_cure(folder: Folder, case: str) -> None:
    text, message = CASES[case]
    folder.write("a.toml", HEAD)
    folder.write("assets.csv", text)

    assert folder.mistakes()[-1].endswith(message)
    assert all(line.startswith("assets.csv: ") for line in folder.mistakes())


def test_a_row_that_contradicts_the_toml_names_the_file(folder: Folder) -> None:
    more = '[[assets]]\nid = "film"\ntitle = "Film"\nside = "clean-water"\nkind = "video"\nposts = ["x:20"]\n'
    folder.write("a.toml", HEAD + more)
    folder.write("assets.csv", "id,title,side,kind,post\nfilm,Movie,,,\nsong,Song,clean-water,video,x:20\n")

    assert [line.replace(f"{folder.path}/", "") for line in folder.mistakes()] == [
        'assets.csv: line 2, title: "Movie" differs from a.toml: assets[0]; give it once, or the same in every row',
        "assets.csv: line 3, post: x:20 is already a post of a.toml: assets[0]; "
        "keep it in one asset: its figures must count once",
    ]


def test_a_folder_of_campaigns_needs_the_column_and_every_row_the_cell(folder: Folder) -> None:
    folder.write("a.toml", HEAD)
    folder.write("b.toml", HEAD.replace("water-2026", "air-2026"))
    folder.write("assets.csv", HEADER + FILM)
    assert folder.mistakes() == [
        "assets.csv: line 1: has no column campaign; add it: the folder has more than one campaign"
    ]

    folder.write("assets.csv", "campaign," + HEADER + "," + FILM)
    assert folder.mistakes() == [
        "assets.csv: line 2, campaign: is missing; fill it in: the folder has more than one campaign"
    ]


@pytest.mark.parametrize("name", ["match", "url", "hashtag"])
def test_what_has_no_column_is_sent_to_the_toml(folder: Folder, name: str) -> None:
    folder.write("a.toml", HEAD)
    folder.write("assets.csv", f"id,title,side,kind,{name}\n")

    assert folder.mistakes() == [
        f'assets.csv: line 1: "{name}" is not a column of assets.csv; write {name} in the TOML, in the [[assets]] of that id'
    ]


def test_rows_add_posts_to_an_asset_that_has_a_rule(folder: Folder) -> None:
    folder.write("a.toml", HEAD + ASSET_WITH_RULE)
    folder.write("assets.csv", "id,post\nfilm,x:2\n")

    (asset,) = folder.load().campaigns[0].assets

    assert [str(post) for post in asset.posts] == ["x:1", "x:2"]
    assert asset.match == Match(text=("clean water",))
