"""The folder of reports as it lies on disk, its addresses where somebody serves it, and a page that lists
it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

from flows.answers.dates import in_words
from flows.answers.tables import LATEST as NEWEST_TABLES
from flows.answers.tables import MANIFEST

# In the folder of a campaign, a link to the newest day that has a page; in the folder of a day, the page.
LATEST, PAGE = "latest", "report.html"

# How many days of a campaign stand in the list; the others unfold.
DAYS_IN_SIGHT = 14

FORMS = {"csv": "CSV", "json": "JSON", "parquet": "Parquet"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

# A page is titled by its campaign's name and its day; the title stands at its beginning.
_TITLE = re.compile(r"<title>([^<]+), [^,<]+</title>")
_BEGINNING_BYTES = 4096


@dataclass(frozen=True)
class Linked:
    """Something that has an address, and what it is called."""

    title: str
    address: str


@dataclass(frozen=True)
class Tabled:
    """A table, and its files."""

    name: str
    files: Sequence[Linked]


@dataclass(frozen=True)
class Listed:
    """A campaign's reports: its name as its newest page has it, the newest, each day, the newest first, and
    the newest tables."""

    campaign_id: str
    name: str
    latest: str
    days: Sequence[Linked]
    tables: Sequence[Tabled]
    in_sight: int = DAYS_IN_SIGHT


@dataclass(frozen=True)
class Listing:
    """Every campaign that has a report, and the names of the folders that could not be read."""

    campaigns: Sequence[Listed]
    unreadable: Sequence[str]


@dataclass(frozen=True)
class Reports:
    """The folder of the reports, and the web address at which people find it; None when nobody serves it."""

    folder: Path
    address: str | None = None

    def holding(self, folder: Path) -> Reports:
        """The same, without an address where something lies elsewhere: nobody that we know of serves it."""
        is_served = folder.resolve() == self.folder.resolve()
        return self if is_served else Reports(folder)

    def page(self, campaign_id: str, day: str = LATEST) -> str | None:
        """The address of a campaign's report, whether it is written by now or not."""
        return None if self.address is None else self._at(campaign_id, day, PAGE)

    def manifest(self, campaign_id: str, day: str) -> str | None:
        """The address of what names the tables of a day."""
        return None if self.address is None else self._at(campaign_id, day, MANIFEST)

    def tables(self, campaign_id: str, day: str = NEWEST_TABLES) -> list[Tabled]:
        """The tables of a day, of the newest that has any where none is named; none when nobody serves
        them."""
        if self.address is None:
            return []
        found: dict[str, list[Linked]] = {}
        for form, title in FORMS.items():
            for file in (self.folder / campaign_id / day / form).glob(f"[!.]*.{form}"):
                at = self._at(campaign_id, day, form, file.name)
                found.setdefault(file.stem, []).append(Linked(title, at))
        return [Tabled(name, files) for name, files in sorted(found.items())]

    def listed(self) -> Listing:
        """Every campaign that has a report, the newest report first; none when nobody serves them."""
        if self.address is None:
            return Listing((), ())
        found: list[tuple[str, Listed]] = []
        unreadable: list[str] = []
        try:
            folders = _folders_in(self.folder)
        except OSError:
            return Listing((), (self.folder.name,))
        for folder in folders:
            try:
                if days := sorted(_days_in(folder), reverse=True):
                    found.append((days[0], self._listed(folder, days)))
            except OSError:
                unreadable.append(folder.name)
        # The sort is stable: those of one day stay in the order of their ids.
        found.sort(key=lambda each: each[0], reverse=True)
        return Listing(tuple(campaign for _, campaign in found), tuple(unreadable))

    def _listed(self, folder: Path, days: Sequence[str]) -> Listed:
        """Raises OSError when something in the folder cannot be read."""
        campaign_id = folder.name
        return Listed(
            campaign_id,
            _name_in(folder / days[0] / PAGE) or campaign_id,
            self._at(campaign_id, LATEST, PAGE),
            [Linked(_said(day), self._at(campaign_id, day, PAGE)) for day in days],
            self.tables(campaign_id),
        )

    def _at(self, *parts: str) -> str:
        return "/".join(((self.address or "").rstrip("/"), *(quote(part, safe="") for part in parts)))


def index_page(reports: Reports) -> str:
    """The list of all reports as HTML, every name escaped."""
    from flows.answers.page import template

    listing = reports.listed()
    return template("index.html").render(campaigns=listing.campaigns, unreadable=listing.unreadable)


def _folders_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )


def _days_in(campaign: Path) -> Iterator[str]:
    for path in campaign.iterdir():
        if _DAY.fullmatch(path.name) and (path / PAGE).is_file():
            yield path.name


def _name_in(page: Path) -> str | None:
    """The campaign's name as the page's title has it; None when it has none. Raises OSError."""
    with page.open("rb") as file:
        beginning = file.read(_BEGINNING_BYTES).decode("utf-8", "replace")
    title = _TITLE.search(beginning)
    return html.unescape(title[1]) if title else None


def _said(day: str) -> str:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{found:%A}, {in_words(found)}"
