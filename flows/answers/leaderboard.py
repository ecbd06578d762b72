"""The leaderboard of a campaign as a page of Markdown, for the page of a scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.health.status import in_markdown
from warehouse.publish import ask

ASSETS_SHOWN = 10

_ASSETS = """
    select campaign_id, asset_title, asset_totals.side_id, views, shares, retweets
    from marts.asset_totals
    where is_listed
    qualify row_number() over (partition by campaign_id order by views_rank, asset_id) <= ?
    order by campaign_id, views_rank, asset_id
"""
_SIDES = """
    select campaign_id, side_id, sum(views)::bigint, sum(shares)::bigint, sum(retweets)::bigint
    from marts.side_totals
    group by campaign_id, side_id
    order by campaign_id, sum(views) desc nulls last, side_id
"""


def leaderboards(warehouse: Path) -> dict[str, str]:
    """A page for each campaign of the published tables: its most viewed listed assets, and its sides.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    assets: dict[str, list[Sequence[object]]] = {}
    sides: dict[str, list[Sequence[object]]] = {}
    for campaign_id, *row in ask(warehouse, _ASSETS, [ASSETS_SHOWN]):
        assets.setdefault(campaign_id, []).append(row)
    for campaign_id, *row in ask(warehouse, _SIDES):
        sides.setdefault(campaign_id, []).append(row)
    return {
        campaign_id: "\n".join(
            (
                f"# {in_markdown(campaign_id)}",
                "",
                "Lifetime totals of the most viewed assets.",
                "",
                *_table(["asset", "side", "views", "shares", "retweets"], 2, assets.get(campaign_id, [])),
                "",
                "What the sides gained inside the campaign's window, all posts together.",
                "",
                *_table(["side", "views", "shares", "retweets"], 1, sides.get(campaign_id, [])),
            )
        )
        for campaign_id in sorted({*assets, *sides})
    }


def _table(columns: Sequence[str], words: int, rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table, its first `words` columns of words and the others of numbers; what nobody tells is
    left empty."""
    marks = ["---"] * words + ["--:"] * (len(columns) - words)
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join(marks)}|"]
    for row in rows:
        cells = [in_markdown(str(cell or "")) for cell in row[:words]]
        cells += ["" if cell is None else f"{cell:,}" for cell in row[words:]]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
