"""`assets.csv`: the list of assets as a spreadsheet, one post a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from flows.registry.draft import Draft
from flows.registry.files import read_text
from flows.registry.mistakes import did_you_mean, shown
from flows.registry.table import Door, Row

ASSETS_CSV = "assets.csv"
# Keys of an asset that have no column: a rule is a table, and a subject belongs to the asset, not to a post.
_TOML_ONLY = ("url", "hashtag", "match")
_CSV_COLUMNS = ("campaign", "id", "title", "side", "kind", "tags", "tone", "post")


def add_spreadsheet(
    file: Path, door: Door, drafts: Mapping[str, Draft], *, several: bool, all_read: bool
) -> None:
    """Add the rows of `assets.csv` to the campaigns.

    `several`: the folder has more than one campaign, so each row must say whose it is. `all_read`: every
    campaign of the folder is in `drafts`; otherwise rows of the others are passed over in silence.
    """
    save_as = "CSV UTF-8 (comma separated)"
    text = read_text(file, door, save_as)
    if text is None:
        return
    columns: list[str] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if columns is None:
                columns = _columns(file, door, cells, several=several)
                if columns is None:
                    return
            elif any(cell.strip() for cell in cells):
                if any(cell.strip() for cell in cells[len(columns) :]):
                    cure = 'put a cell that holds a comma in "quotes"'
                    door.refuse(str(file), f"line {line}", "has more cells than the header", cure)
                else:
                    row = Row(door, str(file), dict(zip(columns, cells, strict=False)), line)
                    if draft := _campaign_of(row, drafts, several=several, all_read=all_read):
                        draft.add_row(row)
            line = reader.line_num + 1
    except csv.Error as trouble:
        door.refuse(
            str(file), f"line {line}", f"is not CSV ({trouble})", f"save the sheet again as {save_as}"
        )
    else:
        if columns is None:
            door.refuse(str(file), "", "is empty", f"begin it with the header {','.join(_CSV_COLUMNS)}")


def _columns(file: Path, door: Door, header: Sequence[str], *, several: bool) -> list[str] | None:
    """The names of the columns; None when no row can be read by them."""
    names = [cell.strip().casefold() for cell in header]
    while names and not names[-1]:
        names.pop()
    known = f"its columns are {', '.join(_CSV_COLUMNS)}"
    before = len(door.mistakes)
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and separator in names[0]:
            door.refuse(str(file), "line 1", f"is separated by {word}", "save the sheet as CSV with commas")
            return None
    for n, name in enumerate(names):
        if name not in _CSV_COLUMNS:
            toml = f"write {name} in the TOML, in the [[assets]] of that id"
            cure = toml if name in _TOML_ONLY else did_you_mean(name, _CSV_COLUMNS, known)
            door.refuse(str(file), "line 1", f"{shown(name)} is not a column of {ASSETS_CSV}", cure)
        elif name in names[:n]:
            door.refuse(str(file), "line 1", f"the column {name} is there twice", "remove one")
    if "id" not in names:
        door.refuse(str(file), "line 1", "has no column id", known)
    if several and "campaign" not in names:
        cure = "add it: the folder has more than one campaign"
        door.refuse(str(file), "line 1", "has no column campaign", cure)
    return names if len(door.mistakes) == before else None


def _campaign_of(row: Row, drafts: Mapping[str, Draft], *, several: bool, all_read: bool) -> Draft | None:
    name = row.text("campaign", required=False)
    if name in drafts:
        return drafts[name]
    if not name and "campaign" not in row.content:
        if not several:
            return next(iter(drafts.values()), None)
        row.refuse("campaign", "is missing", "fill it in: the folder has more than one campaign")
    elif name and all_read:
        otherwise = f"the campaigns are {', '.join(sorted(drafts))}"
        cure = did_you_mean(name, sorted(drafts), otherwise)
        row.refuse("campaign", f"{shown(name)} is not the id of a campaign", cure)
    return None
