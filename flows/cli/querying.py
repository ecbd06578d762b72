"""`campaign sql`."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import Annotated

import typer
from typer._click import Context

from flows.cli.explaining import ANSWERS, Explained, examples
from flows.cli.running import USED_WRONGLY, fail, plain_errors, read_settings

commands = typer.Typer()


class _TakesComments(Explained):
    """A command whose argument may begin as an SQL comment does, with `--` and a blank; an option never
    does."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        # After a line end, which SQL passes over, the text is no option any more.
        return super().parse_args(ctx, [f"\n{each}" if re.match(r"--\s", each) else each for each in args])


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


@commands.command(
    cls=_TakesComments,
    rich_help_panel=ANSWERS,
    epilog=examples(
        (
            'campaign sql "SELECT campaign_id, rank, asset_title, views \\\nFROM leaderboard(10)"',
            "The ten most viewed assets of each campaign.",
        ),
        (
            "campaign sql \"FROM marts.asset_daily WHERE day = '2019-12-09'\" \\\n"
            "--format csv --bom > day.csv",
            "What every asset gained on one day, for Excel.",
        ),
        ("campaign sql - --format json < question.sql", "A query from a file, an answer for programs."),
        ('campaign sql "SHOW ALL TABLES"', "What there is; docs/data-dictionary.md explains it."),
    ),
)
def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="The query, or - to read it from standard input.")
    ],
    form: Annotated[
        Format,
        typer.Option("--format", help="parquet goes to a file or pipe; table shows at most 1,000 rows."),
    ] = Format.table,
    bom: Annotated[
        bool, typer.Option("--bom", help="Let csv begin with a byte order mark, for Excel.")
    ] = False,
) -> None:
    """Ask the published tables, read-only.

    They are in warehouse.duckdb in CAMPAIGN_HOME; docs/data-dictionary.md explains each, and marts.… are
    those to begin with. · marks what is not known, which is never the same as 0. In csv, text that a
    spreadsheet would run as a formula has an apostrophe before it; json and parquet are exact.
    """
    from flows.answers.query import QueryRefused, answer
    from warehouse.publish import NoWarehouse

    with plain_errors(QueryRefused, NoWarehouse):
        question = sys.stdin.read() if query == "-" else query
        if not question.strip():
            fail('no query; write campaign sql "SELECT …"', USED_WRONGLY)
        if bom and form is not Format.csv:
            fail("--bom is for csv; add --format csv, or leave it out", USED_WRONGLY)
        answer(read_settings().warehouse, question, form.value, has_mark=bom)
