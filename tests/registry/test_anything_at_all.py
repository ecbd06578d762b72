"""Whatever a registry holds, loading it gives a registry or a list of mistakes, and nothing else."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from types import ModuleType

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.registry import Registry, RegistryError, load
from flows.registry.audiences import AUDIENCE_KEYS
from flows.registry.bounds import BUDGET_KEYS
from flows.registry.draft import ACCOUNT_KEYS, ASSET_KEYS, CAMPAIGN_KEYS, SIDE_KEYS
from flows.registry.rules import MATCH_KEYS
from tests.registry.conftest import HEAD

KEYS = [
    *(*CAMPAIGN_KEYS, *ACCOUNT_KEYS, *ASSET_KEYS, *AUDIENCE_KEYS, *BUDGET_KEYS, *MATCH_KEYS, *SIDE_KEYS),
    *("geo_locations", "age_min", "age_max"),
]
TELLING = [
    *("water-2026", "clean-water", "x", "facebook", "instagram", "Europe/London", "video", "site", "hashtag"),
    *("x:20", "x:", "facebook:1_2", "tiktok:1", "@a", "://", "../..", "https://[", "http://x.com:99999/"),
    *("https://x.com/a/status/20", "https://www.facebook.com/a/posts/1", "https://fb.watch/a/"),
    *("https://youtu.be/a", "https://x.com/a", "https://facebook.com/a"),
    *("act_1", "age", "18-24", "601", "daily", "by age", "NHS", "#d50000"),
]

texts = st.sampled_from(TELLING) | st.text(max_size=30) | st.text("/:@.?&=_-x1[]%# ", max_size=30)
scalars = (
    texts
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.just(date(2026, 4, 1))
)
keys = st.sampled_from(KEYS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
tables = st.lists(st.dictionaries(keys, values, max_size=8), max_size=3)
campaigns = st.dictionaries(keys, values, max_size=9) | st.fixed_dictionaries(
    {"id": texts, "starts": values, "ends": values, "timezone": texts},
    optional={
        **dict.fromkeys(("sides", "accounts", "assets", "audiences", "budgets"), tables),
        "cadence": st.dictionaries(st.sampled_from(["x", "facebook", "tiktok", "a"]), values, max_size=3),
    },
)


def toml(value: object) -> str:
    """The value as inline TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08X}" for c in value)
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(key)} = {toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)


def load_or_refuse(files: dict[str, bytes], platforms: dict[str, ModuleType]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        outcome = _outcome(Path(folder), platforms)
    if isinstance(outcome, RegistryError):
        assert len(str(outcome).split("\n")) == len(outcome.mistakes) > 0
        assert all(mistake.problem and mistake.cure for mistake in outcome.mistakes)
        return
    for campaign in outcome.campaigns:
        names = [campaign.id, *(asset.id for asset in campaign.assets)]
        assert all(re.fullmatch("[a-z0-9][a-z0-9-]*", name) for name in names)
        assert json.loads(Registry.as_json(campaign))["id"] == campaign.id


def _outcome(folder: Path, platforms: dict[str, ModuleType]) -> Registry | RegistryError:
    try:
        return load(folder, platforms)
    except RegistryError as error:
        return error


@given(content=campaigns)
@example(content={"audiences": [{"id": "a", "label": "A", "deep": {"er": [1.5, {"": "x"}]}}]})
@settings(max_examples=80)
def test_any_campaign_loads_or_is_refused(
    platforms: dict[str, ModuleType], content: dict[str, object]
) -> None:
    lines = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in content.items())

    load_or_refuse({"a.toml": lines.encode()}, platforms)


matches = st.dictionaries(st.sampled_from(MATCH_KEYS), values | st.lists(texts, max_size=3), max_size=4)


@given(assets=tables, accounts=tables, audiences=tables, budgets=tables, match=matches)
@settings(max_examples=80)
def test_any_tables_in_a_sound_campaign_load_or_are_refused(
    platforms: dict[str, ModuleType],
    assets: list[dict[str, object]],
    accounts: list[dict[str, object]],
    audiences: list[dict[str, object]],
    budgets: list[dict[str, object]],
    match: dict[str, object],
) -> None:
    sound = {"side": "clean-water", "platform": "x", "title": "T", "kind": "text", "label": "L"}
    assets = [{key: sound[key] for key in ("side", "title", "kind")} | asset for asset in assets]
    assets.append({key: sound[key] for key in ("side", "title", "kind")} | {"id": "ruled", "match": match})
    targeting = {"geo_locations": {"countries": ["GB"]}}
    audiences = [
        {"label": "L", "ad_account": "act_1", "targeting": targeting} | audience for audience in audiences
    ]
    budgets = [{"platform": "x", "usd_per_day": 1} | budget for budget in budgets]
    accounts = [{key: sound[key] for key in ("side", "platform")} | account for account in accounts]
    lines = "".join(
        f"{name} = {toml(given)}\n"
        for name, given in (
            ("assets", assets),
            ("accounts", accounts),
            ("audiences", audiences),
            ("budgets", budgets),
        )
    )

    load_or_refuse({"a.toml": (lines + HEAD).encode()}, platforms)


@given(post=texts, handle=texts)
@settings(max_examples=200)
def test_any_post_and_any_handle_load_or_are_refused(
    platforms: dict[str, ModuleType], post: str, handle: str
) -> None:
    assets = [{"id": "a", "title": "T", "side": "clean-water", "kind": "text", "posts": [post]}]
    accounts = [{"side": "clean-water", "platform": name, "handle": handle} for name in platforms]

    load_or_refuse(
        {"a.toml": f"assets = {toml(assets)}\naccounts = {toml(accounts)}\n{HEAD}".encode()}, platforms
    )


@given(content=st.binary(max_size=60), rows=st.binary(max_size=60) | st.text('",\n;\rax:2').map(str.encode))
@settings(max_examples=100)
def test_any_bytes_load_or_are_refused(platforms: dict[str, ModuleType], content: bytes, rows: bytes) -> None:
    load_or_refuse({"a.toml": content}, platforms)
    load_or_refuse({"a.toml": HEAD.encode(), "assets.csv": b"id,title,side,kind,post\n" + rows}, platforms)
