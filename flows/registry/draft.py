"""One campaign being read: what its keys must hold, and which posts its assets have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.errors import UnusableReference
from flows.registry.audiences import read_audiences
from flows.registry.bounds import read_budgets, read_cadence
from flows.registry.mistakes import did_you_mean, shown
from flows.registry.model import (
    KINDS,
    UNASSIGNED,
    Account,
    Asset,
    Campaign,
    Match,
    PostReference,
    Side,
)
from flows.registry.references import http_host, read_platform, read_reference, refuse_credentials
from flows.registry.rules import hashtag_word, read_match
from flows.registry.table import Row, Table, refuse_repeated
from flows.registry.zones import time_zones, zone_meant

CAMPAIGN_KEYS = (
    *("id", "name", "starts", "ends", "timezone", "sides", "accounts", "assets", "audiences"),
    *("budgets", "cadence", "ignore"),
)
SIDE_KEYS = ("id", "name", "ours", "color")
ACCOUNT_KEYS = ("side", "platform", "handle", "id", "name", "watch")
ASSET_KEYS = ("id", "title", "side", "kind", "tags", "tone", "posts", "url", "hashtag", "match")

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")


@dataclass
class AssetDraft:
    id: str
    title: str
    side: str
    kind: str
    tags: tuple[str, ...]
    tone: str
    url: str
    hashtag: str
    match: Match | None
    file: str
    where: str
    posts: list[PostReference] = field(default_factory=list)

    def seen_from(self, file: str) -> str:
        return self.where if file == self.file else f"{self.file}: {self.where}"

    def asset(self) -> Asset:
        return Asset(
            id=self.id,
            title=self.title,
            side=self.side,
            kind=self.kind,
            tags=self.tags,
            tone=self.tone or None,
            posts=tuple(self.posts),
            url=self.url or None,
            hashtag=self.hashtag or None,
            match=self.match,
        )


class Draft:
    """One campaign being read, open for the spreadsheet's additions."""

    def __init__(self, source: Path, table: Table) -> None:
        self.source = source
        self.door = table.door
        table.only(CAMPAIGN_KEYS, "a campaign")
        self.id = table.id()
        self.name = table.text("name")
        self.starts = table.day("starts")
        self.ends = table.day("ends")
        if date.min not in (self.starts, self.ends) and self.ends < self.starts:
            table.refuse("ends", f"{self.ends} is before starts, {self.starts}", "swap them or correct one")
        self.timezone = self._timezone(table)
        self.side_ids: set[str] = set()
        self.sides = self._sides(table)
        self.accounts = self._accounts(table)
        self._ignored = _ignored(table)
        self._assets: dict[str, AssetDraft] = {}
        self._asset_of: dict[PostReference, AssetDraft] = {}
        for entry in table.tables("assets"):
            self._add_asset_table(entry)
        self.audiences = read_audiences(table)
        self.budgets = read_budgets(table)
        self.cadence = read_cadence(table)

    def campaign(self) -> Campaign:
        return Campaign(
            id=self.id,
            name=self.name,
            starts=self.starts,
            ends=self.ends,
            timezone=self.timezone,
            sides=tuple(self.sides),
            accounts=tuple(self.accounts),
            assets=tuple(asset.asset() for asset in self._assets.values()),
            audiences=self.audiences,
            source=self.source,
            budgets=self.budgets,
            cadence=self.cadence,
            ignored=tuple(self._ignored),
        )

    def _timezone(self, table: Table) -> str:
        cure = 'write a name of the IANA time zone list, as in "Europe/London"'
        name = table.text("timezone", cure)
        if name and name not in time_zones():
            table.refuse("timezone", f"{shown(name)} is not a time zone", zone_meant(name, cure))
        return name

    def _sides(self, table: Table) -> list[Side]:
        sides: list[Side] = []
        if not table.content.get("sides"):
            problem = "is missing" if "sides" not in table.content else "is empty"
            table.refuse(
                "sides", problem, 'write [[sides]] with id = "…" and ours = true, and one for each rival'
            )
            return sides
        seen: dict[str, str] = {}
        for entry in table.tables("sides"):
            entry.only(SIDE_KEYS, "[[sides]]")
            # Even a side that is refused counts as defined: its assets are not to blame.
            self.side_ids.add(str(entry.content.get("id", "")).strip())
            side_id = entry.id()
            refuse_repeated(entry, side_id, seen)
            name = entry.text("name", required=False)
            sides.append(Side(side_id, name or side_id, entry.flag("ours", default=False), _color(entry)))
        if sides and not any(side.ours for side in sides):
            table.refuse("sides", "no side is ours", "write ours = true in the [[sides]] you campaign for")
        return sides

    def _side_of(self, table: Table, *, required: bool = True) -> str:
        text = table.text("side", "write the id of one of [[sides]]", required=required)
        if text and self.side_ids and text not in self.side_ids:
            ids = sorted(self.side_ids - {""})
            otherwise = f"the sides are {', '.join(ids)}; define it as [[sides]] or use one of them"
            table.refuse("side", f"{shown(text)} is not the id of a side", did_you_mean(text, ids, otherwise))
            return ""
        return text

    def _accounts(self, table: Table) -> list[Account]:
        accounts: list[Account] = []
        seen: dict[tuple[str, str, str], str] = {}
        for entry in table.tables("accounts"):
            entry.only(ACCOUNT_KEYS, "[[accounts]]")
            side = self._side_of(entry)
            platform = read_platform(entry)
            handle = entry.text("handle", required=False)
            account_id = entry.text("id", required=False)
            name = entry.text("name", required=False)
            watch = entry.flag("watch", default=True)
            if "handle" not in entry.content and "id" not in entry.content:
                entry.refuse(
                    "handle",
                    "is missing",
                    'write handle = "…", or id = "…" if you know the platform\'s own id',
                )
            if account_id and not _ACCOUNT_ID.fullmatch(account_id):
                entry.refuse(
                    "id",
                    f"{shown(account_id)} cannot be an account's id",
                    "copy the platform's own id, or give the handle",
                )
            if platform and platform not in self.door.connectors:
                self.door.keep_out(entry.file, entry.where, platform)
                continue
            by_handle = hasattr(self.door.connectors.get(platform), "ACCOUNTS_BY_HANDLE_ONLY")
            if by_handle and account_id and not handle:
                problem = f"does not find the posts of an account of {platform}"
                entry.refuse("id", problem, 'write handle = "…", the name in its address')
            if handle and platform:
                try:
                    handle = self.door.connectors[platform].parse_handle(handle)
                except UnusableReference as unusable:
                    entry.refuse("handle", unusable.reason, unusable.cure)
            for kind, value in (("handle", handle.casefold()), ("id", account_id)):
                if value and platform:
                    first = seen.setdefault((platform, kind, value), entry.where)
                    if first != entry.where:
                        entry.refuse(
                            kind, f"{shown(value)} is the same account as {first}", "list each account once"
                        )
            accounts.append(Account(side, platform, handle or None, account_id or None, name or None, watch))
        return accounts

    def _add_asset_table(self, entry: Table) -> None:
        entry.only(ASSET_KEYS, "[[assets]]")
        asset = self._new_asset(entry)
        if asset.id in self._assets:
            problem = f"{shown(asset.id)} is already the id of {self._assets[asset.id].where}"
            entry.refuse("id", problem, "rename one, or list all its posts in one")
        elif asset.id:
            self._assets[asset.id] = asset
        for key, text in entry.texts("posts"):
            self._add_post(asset, entry, key, text)

    def add_row(self, row: Row) -> None:
        """Take in one row of the spreadsheet: a new asset, or another post of one already there."""
        asset = self._assets.get(str(row.content.get("id", "")).strip())
        if asset is not None:
            self._agree(asset, row)
        else:
            asset = self._new_asset(row)
            if asset.id:
                self._assets[asset.id] = asset
        if text := row.text("post", required=False):
            self._add_post(asset, row, "post", text)

    def _new_asset(self, entry: Table) -> AssetDraft:
        url = entry.text("url", required=False)
        if url and not refuse_credentials(entry, "url", url) and http_host(url) is None:
            entry.refuse("url", f"{shown(url)} is not a web address", 'write url = "https://…"')
        hashtag = entry.text("hashtag", required=False)
        word = hashtag_word(hashtag.removeprefix("#"))
        if hashtag and not word:
            entry.refuse(
                "hashtag", f"{shown(hashtag)} is not a hashtag", 'write one word, as in "#VoteLabour"'
            )
        kind = entry.choice("kind", KINDS)
        for subject, name, given in (("site", "url", url), ("hashtag", "hashtag", hashtag)):
            if kind == subject and not given:
                told = f"is a {kind} without {name}, so nobody counts how often it is mentioned"
                self.door.tell(entry.file, entry.where, f'{told}; write {name} = "…" in the TOML')
        return AssetDraft(
            id=_asset_id(entry),
            title=entry.text("title"),
            side=self._side_of(entry),
            kind=kind,
            tags=_tags(entry),
            tone=entry.text("tone", required=False),
            url=url,
            hashtag=word,
            match=read_match(entry),
            file=entry.file,
            where=entry.where,
        )

    def _agree(self, asset: AssetDraft, row: Row) -> None:
        """A later row may repeat or complete what is known of its asset, not contradict it."""
        told = {name: row.text(name, required=False) for name in ("title", "side", "kind", "tone")}
        tags = _tags(row)
        asset.tone, asset.tags = asset.tone or told["tone"], asset.tags or tags
        known = {name: getattr(asset, name) for name in told} | {"tags": "; ".join(asset.tags)}
        for name, value in (told | {"tags": "; ".join(tags)}).items():
            if value and known[name] and value != known[name]:
                problem = f"{shown(value)} differs from {asset.seen_from(row.file)}"
                row.refuse(name, problem, "give it once, or the same in every row")

    def _add_post(self, asset: AssetDraft, entry: Table, key: str, text: str) -> None:
        try:
            reference = read_reference(entry, key, text)
        except UnusableReference as unusable:
            entry.refuse(key, unusable.reason, unusable.cure)
            return
        if reference is None:
            return
        if reference in self._ignored:
            problem = f"{reference} is to be ignored, by {self._ignored[reference]}"
            entry.refuse(key, problem, "take it out of one of the two")
        owner = self._asset_of.get(reference)
        if owner is None:
            self._asset_of[reference] = asset
            asset.posts.append(reference)
        elif owner is not asset:
            problem = f"{reference} is already a post of {owner.seen_from(entry.file)}"
            entry.refuse(key, problem, "keep it in one asset: its figures must count once")


def _color(side: Table) -> str | None:
    """The colour in which charts show a side, as #rrggbb; None when none is given or it is refused."""
    cure = 'write color = "#d50000": a # and six digits of 0-9a-f, two each for red, green and blue'
    text = side.text("color", cure, required=False)
    if not text:
        return None
    if not _COLOR.fullmatch(text.lower()):
        side.refuse("color", f"{shown(text)} is not a colour", cure)
        return None
    digits = text.lower().removeprefix("#")
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _ignored(campaign: Table) -> dict[PostReference, str]:
    """The posts that must not count, each with its key."""
    found: dict[PostReference, str] = {}
    for key, text in campaign.texts("ignore"):
        try:
            reference = read_reference(campaign, key, text)
        except UnusableReference as unusable:
            campaign.refuse(key, unusable.reason, unusable.cure)
            continue
        if reference is not None:
            found.setdefault(reference, key)
    return found


def _asset_id(entry: Table) -> str:
    text = str(entry.content.get("id", "")).strip()
    if text == UNASSIGNED or text.startswith(f"{UNASSIGNED}:"):
        entry.refuse("id", f"{shown(text)} is kept for posts whose asset was removed", "rename it")
        return ""
    return entry.id()


def _tags(entry: Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for _, text in entry.texts("tags")))
