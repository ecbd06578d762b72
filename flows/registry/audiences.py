"""`[[audiences]]`: whom advertising is to reach, in the words of an ad account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from flows.registry.mistakes import shown
from flows.registry.model import Audience, canonical_json
from flows.registry.plain import plain
from flows.registry.references import read_platform
from flows.registry.table import Table, refuse_repeated

AUDIENCE_KEYS = (
    *("id", "label", "platform", "ad_account", "targeting"),
    *("ad_campaigns", "ad_sets", "breakdown", "bucket"),
)
BREAKDOWNS = ("age", "gender", "region")

# Meta's advertising reports know these and no others.
BUCKETS = {
    "age": ("13-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "gender": ("female", "male", "unknown"),
}
YOUNGEST, OLDEST = 13, 65
# Advertising about politics goes to adults, so asking for them narrows nothing.
ADULT = 18

_AD_ACCOUNT = re.compile(r"act_[0-9]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_TARGETING = 'targeting = { geo_locations = { countries = ["GB"] }, age_min = 18 }'


def read_audiences(campaign: Table) -> tuple[Audience, ...]:
    audiences = []
    seen: dict[str, str] = {}
    for table in campaign.tables("audiences"):
        table.only(AUDIENCE_KEYS, "[[audiences]]")
        audience_id = table.id()
        refuse_repeated(table, audience_id, seen)
        platform = read_platform(table, default="facebook")
        breakdown, bucket = _breakdown(table)
        audience = Audience(
            id=audience_id,
            label=table.text("label", 'write label = "…", as readers shall see it'),
            platform=platform,
            ad_account=_ad_account(table),
            targeting=_targeting(table),
            filtering=_filtering(table),
            breakdown=breakdown,
            bucket=bucket,
        )
        if platform and platform not in table.door.connectors:
            table.door.keep_out(table.file, table.where, platform)
            continue
        if platform and not getattr(table.door.connectors[platform], "AUDIENCES", False):
            told = f"{platform} tells no reach of audiences here; it is kept and not read"
            table.door.tell(table.file, table.where, told)
        for doubt in _doubts(audience):
            table.door.tell(table.file, table.where, doubt)
        audiences.append(audience)
    return tuple(audiences)


def _doubts(audience: Audience) -> Iterator[str]:
    """In what the people reached and the people of the audience may be different people."""
    if not audience.targeting:
        return
    targeting = json.loads(audience.targeting)
    places = set(targeting.get("geo_locations") or {}) - {"countries", "location_types"}
    ages = (targeting.get("age_min", YOUNGEST), targeting.get("age_max", OLDEST))
    narrowed = {"region": "the place", "age": "the age"}
    if not places:
        del narrowed["region"]
    if ages[0] <= ADULT and ages[1] >= OLDEST:
        del narrowed["age"]
    narrowed.pop(audience.breakdown, None)
    if narrowed and not audience.filtering:
        what = " and ".join(narrowed.values())
        told = f"targeting narrows {what}, and the reach is of everybody that the ad account reached"
        yield f"{told}; name the ad_campaigns or ad_sets that ran there, or take a breakdown"
    if audience.breakdown == "age" and audience.bucket:
        first, _, last = audience.bucket.removesuffix("+").partition("-")
        if ages != (int(first), int(last or OLDEST)):
            told = f"bucket is {audience.bucket} and targeting is from {ages[0]} to {ages[1]}"
            yield f"{told}, so the share is of other people; write the same ages in both"


def _ad_account(table: Table) -> str:
    cure = 'copy it from the ads manager, as in "act_1234567890"'
    text = table.text("ad_account", cure)
    if text and not _AD_ACCOUNT.fullmatch(text):
        table.refuse("ad_account", f"{shown(text)} is not act_ and the account's number", cure)
        return ""
    return text


def _targeting(table: Table) -> str:
    cure = f"write {_TARGETING}"
    targeting = table.table("targeting", cure)
    if targeting is None:
        if "targeting" not in table.content:
            table.refuse("targeting", "is missing", cure)
        return ""
    places = targeting.content.get("geo_locations")
    if not isinstance(places, dict) or not places:
        problem = "is missing" if "geo_locations" not in targeting.content else "must be a table with a place"
        targeting.refuse(
            "geo_locations", problem, 'write geo_locations = { countries = ["GB"] }, or a region'
        )
    ages = {name: _age(targeting, name) for name in ("age_min", "age_max")}
    if ages["age_min"] and ages["age_max"] and ages["age_min"] > ages["age_max"]:
        problem = f"{ages['age_min']} is above age_max, {ages['age_max']}"
        targeting.refuse("age_min", problem, "swap them or correct one")
    return canonical_json({name: plain(targeting, name, value) for name, value in targeting.content.items()})


def _age(targeting: Table, name: str) -> int:
    """The age; 0 when it is absent or refused."""
    value = targeting.content.get(name)
    if name not in targeting.content:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not YOUNGEST <= value <= OLDEST:
        problem = f"must be a whole number from {YOUNGEST} to {OLDEST}"
        targeting.refuse(name, problem, f"write {name} = 18; {OLDEST} means {OLDEST} and older")
        return 0
    return value


def _filtering(table: Table) -> str:
    conditions = []
    for name, field in (("ad_campaigns", "campaign.id"), ("ad_sets", "adset.id")):
        ids = []
        for key, text in table.texts(name):
            if not _NUMBER.fullmatch(text):
                table.refuse(
                    key, f"{shown(text)} is not a number", "copy the id from the ads manager, in quotes"
                )
            elif text not in ids:
                ids.append(text)
        if ids:
            conditions.append({"field": field, "operator": "IN", "value": ids})
        elif table.content.get(name) == []:
            table.refuse(name, "is empty", "list the ids that count, or remove it to count them all")
    return canonical_json(conditions) if conditions else ""


def _breakdown(table: Table) -> tuple[str, str]:
    breakdown = table.choice("breakdown", BREAKDOWNS) if "breakdown" in table.content else ""
    bucket = table.text("bucket", required=False)
    if "breakdown" in table.content and "bucket" not in table.content:
        table.refuse("bucket", "is missing", f"write the {breakdown or 'row'} to take, or remove breakdown")
    elif "bucket" in table.content and "breakdown" not in table.content:
        cure = f"write one of {', '.join(BREAKDOWNS)}, or remove bucket"
        table.refuse("breakdown", "is missing", cure)
    elif bucket and bucket not in BUCKETS.get(breakdown, (bucket,)):
        cure = f"write one of {', '.join(BUCKETS[breakdown])}"
        table.refuse("bucket", f"{shown(bucket)} is not one of the platform's", cure)
    return breakdown, bucket
