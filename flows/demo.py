"""The demo: a whole campaign in two minutes, through the real road and without credentials.

A sandbox in a process of its own plays the platforms over HTTP. The real SDKs ask it four times a day from
29 October to 12 December 2019 (Instagram, YouTube and TikTok twice), and twice a day through the 2017
campaign; the answers are landed, built and queried as those of a real campaign are. Some polls are left out,
as machines and networks leave them out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flows.children import END_WITH_PARENT
from flows.collecting.round import Collection, PlatformReport, prepare
from flows.home import DEMO_MARKER
from flows.refused import Refused
from warehouse.progress import Step

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings
    from warehouse.build import BuildReport

CHECKOUT = Path(__file__).parents[1]
QUERIES = CHECKOUT / "docs" / "queries"
LONDON = ZoneInfo("Europe/London")

# A poll in eleven is missed, and for a day and a half the whole machine was down.
MISSED_EVERY = 11
DOWN_FROM = datetime(2019, 11, 23, 12, tzinfo=UTC)
DOWN_UNTIL = datetime(2019, 11, 25, 0, tzinfo=UTC)
# The figures that were published are of these instants.
NEVER_MISSED = (datetime(2019, 12, 10, tzinfo=UTC), datetime(2019, 12, 13, tzinfo=UTC))

POLLS_PER_BUILD = 70
# The published figures are of these platforms; the others are asked at midnight and noon.
OFTENER = ("facebook", "x")


class DemoFailed(Refused):
    """The demo could not be carried through; the text says why in one line."""


@dataclass(frozen=True)
class Season:
    """One campaign of the demo and the local hours at which it is polled."""

    campaign_id: str
    starts: date
    ends: date
    hours: tuple[int, ...]

    def polls(self) -> list[datetime]:
        """The moments at which everything is read, the midnight that ends the last day among them."""
        days = [self.starts + timedelta(days=n) for n in range((self.ends - self.starts).days + 1)]
        moments = [
            datetime.combine(day, time(hour), LONDON).astimezone(UTC) for day in days for hour in self.hours
        ]
        moments.append(datetime.combine(self.ends + timedelta(days=1), time(), LONDON).astimezone(UTC))
        return moments[1:]


SEASONS = (
    Season("uk-general-election-2017", date(2017, 4, 18), date(2017, 6, 8), (0, 12)),
    Season("uk-general-election-2019", date(2019, 10, 29), date(2019, 12, 12), (0, 6, 12, 18)),
)


def is_missed(number: int, moment: datetime) -> bool:
    """Whether the demo leaves a poll out."""
    if moment in NEVER_MISSED or moment.year != NEVER_MISSED[0].year:
        return False
    return number % MISSED_EVERY == MISSED_EVERY - 1 or DOWN_FROM <= moment < DOWN_UNTIL


def demo(settings: Settings) -> None:
    """Run the demo into `settings.home` and print what the tables say.

    Raises `DemoFailed` when the folder holds data of another kind or the sandbox does not answer.
    """
    from flows.console import say
    from flows.progress import shown
    from flows.refresh import refresh
    from warehouse.landed_files import landed_files

    home = _cleared(settings.home)
    registry = _examples()
    with _sandbox() as environment:
        sandboxed = type(settings)(**environment, CAMPAIGN_HOME=str(home), CAMPAIGN_LAKE="")
        say(f"Polling the sandbox's platforms into {home}; nothing leaves this machine.")
        # Minutes pass before the next.
        sys.stdout.flush()
        polls = [
            (season, moment)
            for season in SEASONS
            for number, moment in enumerate(season.polls())
            if not is_missed(number, moment)
        ]
        responses = 0
        with shown("demo", in_lines=True) as progress:
            prepared: Collection | None = None
            for number, (season, moment) in enumerate(polls):
                if prepared is None or prepared.campaign != season.campaign_id:
                    prepared = prepare(
                        None,
                        settings=sandboxed,
                        registry=registry,
                        clock=moment,
                        as_of=moment,
                        campaign=season.campaign_id,
                        everything=True,
                    )
                # What platforms tell per day is new once a day.
                hour = moment.astimezone(LONDON).hour
                poll = replace(
                    prepared,
                    clock=moment,
                    as_of=moment,
                    beyond_posts=hour == 0,
                    platforms=prepared.platforms if hour in (0, 12) else OFTENER,
                )
                for report in poll.take_all().platforms:
                    _refuse_failure(report)
                    responses += sum(report.responses.values())
                polled = f"polled {moment.astimezone(LONDON):%d %b %Y %H:%M}"
                progress(Step(polled, number + 1, len(polls)))
                is_next_the_last = number == len(polls) - 2
                if is_next_the_last or number % POLLS_PER_BUILD == POLLS_PER_BUILD - 1:
                    progress(Step(f"{polled}, building", number + 1, len(polls)))
                    refresh(sandboxed, registry)
                if is_next_the_last:
                    # What platforms tell of a post per day is asked once, of every post that is known by now.
                    prepared = None
            progress(Step("building", len(polls), len(polls)))
            built = refresh(sandboxed, registry)
    _print_results(sandboxed, built, responses, len(landed_files(sandboxed.landing)))


def _cleared(home: Path) -> Path:
    """An empty demo folder; an earlier demo is replaced, anything else is left alone and refused."""
    marker = home / DEMO_MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        raise DemoFailed(
            f"{home} holds data that is not the demo's; set CAMPAIGN_HOME to an empty folder and run again"
        )
    if home.exists():
        for path in home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    home.mkdir(parents=True, exist_ok=True)
    marker.write_text(
        "Everything here comes from the sandbox; `campaign demo` replaces it.\n", encoding="utf-8"
    )
    return home


def _examples() -> Registry:
    """The two campaigns that come with the project, whatever else the registry folder holds."""
    from connectors import discover
    from flows.registry import Registry, load

    loaded = [load(CHECKOUT / "campaigns" / f"{season.campaign_id}.toml", discover()) for season in SEASONS]
    return Registry(
        campaigns=tuple(campaign for each in loaded for campaign in each.campaigns),
        notices=tuple(notice for each in loaded for notice in each.notices),
    )


@contextmanager
def _sandbox() -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own, stopped at the end; gives the settings that point at it."""
    command = [sys.executable, "-m", "connectors.sandbox", "--port", "0"]
    # A session of its own: Ctrl-C is for this process, which ends the sandbox after what asks it.
    with subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_PROXY": "*"},
        start_new_session=True,
        preexec_fn=END_WITH_PARENT,
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                raise DemoFailed("the sandbox did not start; run `campaign sandbox` to see why")
            yield dict(json.loads(ready)["settings"])
        finally:
            process.terminate()


def _refuse_failure(report: PlatformReport) -> None:
    if report.outcome not in ("ok", "nothing due"):
        again = "run the demo again, and report it if it comes again"
        raise DemoFailed(report.message or f"{report.platform}: {report.outcome}; {again}")


def _print_results(settings: Settings, built: BuildReport, responses: int, files: int) -> None:
    from connectors.clock import utc_now
    from flows.answers.query import answer
    from flows.answers.reporting import write_reports
    from flows.console import say

    say()
    say(
        f"{responses:,} answers landed in {files:,} Parquet files; {built.readings:,} readings; "
        + ", ".join(f"{rows:,} rows in {table}" for table, rows in sorted(built.tables.items()))
    )
    for title, name in (
        ("Leaderboard: views across the platforms", "leaderboard"),
        ("By side, inside the campaign's window", "views-by-side"),
        ("Retweets of one account in two campaigns", "retweets-of-two-campaigns"),
        ("… and day by day in 2019", "retweets-by-day"),
        ("Our wonderful NHS, day by day", "asset-by-day"),
        ("What share of each audience the advertising reached", "reach-shares"),
        ("How the sites spread", "site-by-day"),
        ("How often the hashtag was used", "mentions-by-day"),
    ):
        say()
        say(title)
        answer(settings.warehouse, (QUERIES / f"{name}.sql").read_text(encoding="utf-8"), "table")
    say()
    for report in write_reports(settings.warehouse, settings.reports, utc_now()):
        say(f"Report of {report.campaign_id}: {report.page}")
    called = Path(sys.argv[0])
    campaign = os.path.relpath(called) if called.name == "campaign" else "campaign"
    say(f'Ask it yourself:  {campaign} sql "FROM marts.asset_daily LIMIT 5"')
    say(f"or open {settings.warehouse} in any DuckDB client.")
