"""Rounds of a collect on workers: one platform's round is one piece of work."""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from flows.collecting.round import Collection, CollectReport, PlatformReport, Stopping, prepare
from flows.settings import Settings
from flows.workers.cluster import Hiring, as_they_come, handing_out, plain_hands, scheduler_of
from flows.workers.marks import begun
from flows.workers.terms import Terms, refuse_unfit, terms_of
from warehouse.landing import LOG
from warehouse.progress import Step

if TYPE_CHECKING:
    from flows.registry import Registry

# A wait for a limit of a platform is looked up from so often, for whether the round is still wanted.
_LOOKS_UP_EVERY_S = 1.0
_TELLING = threading.Lock()

# How long rounds that are not wanted any more have to land what arrived.
WIND_UP_S = 20.0


@dataclass(frozen=True)
class Rounds:
    """The rounds of one collect in plain words, for workers."""

    terms: Terms
    registry: Registry = field(repr=False)
    clock: datetime
    as_of: datetime | None
    campaign: str | None
    everything: bool
    # Whether each landed file is told on the worker's standard error.
    tells_landed: bool = False

    def take(self, platform: str) -> PlatformReport:
        """Take a platform's round on this worker, with its own settings.

        Raises UnfitWorker when they are not those of the run, and OSError when the lake cannot be written. A
        round that is not wanted any more ends as failed, with what had arrived landed.
        """
        settings = self.terms.checked()
        if self.tells_landed:
            # A worker's threads begin together.
            with _TELLING:
                _tell_landed()
        stopping = _WhileWanted(self.terms, settings)
        try:
            with begun(settings.home, self.terms.home, platform) as is_again:
                stopping.check()
                report = prepare(
                    [platform],
                    settings=settings,
                    registry=self.registry,
                    clock=self.clock,
                    as_of=self.as_of,
                    campaign=self.campaign,
                    everything=self.everything,
                    lands_registry=False,
                ).take(platform, stopping)
        except KeyboardInterrupt:
            # It would end the worker.
            return PlatformReport(
                platform, "failed", f"{platform}: stopped with its run; what had arrived is landed"
            )
        if is_again and report.outcome == "ok":
            told = f"{platform}: the worker that had its round was lost; another took it again, whole"
            return replace(report, message=told)
        return report


@cache
def _tell_landed() -> None:
    """As `--verbose` does: once for this process, whatever it takes."""
    from flows.cli.running import log_landed

    log_landed(True)


class _WhileWanted(Stopping):
    """Ends a round once nobody waits for it."""

    def __init__(self, terms: Terms, settings: Settings) -> None:
        super().__init__()
        self._terms = terms
        self._settings = settings

    def sleep(self, seconds: float) -> None:
        while seconds > 0:
            self.check()
            super().sleep(min(seconds, _LOOKS_UP_EVERY_S))
            seconds -= _LOOKS_UP_EVERY_S

    def check(self) -> None:
        if not self._terms.is_wanted(self._settings):
            self.ask()
        super().check()


def take_all(collection: Collection) -> CollectReport:
    """Take a round of each platform, on workers where the settings name some; like `Collection.take_all`.

    Raises NoCluster and UnfitWorker besides, after which some platforms may have been read.
    """
    if collection.settings.workers is None or not collection.platforms:
        return collection.take_all()
    report = collection.report(take_on_workers(collection))
    told = [each.message for each in report.platforms if each.outcome == "ok" and each.message]
    return replace(report, notes=(*report.notes, *told))


def take_on_workers(collection: Collection, hiring: Hiring = plain_hands) -> list[PlatformReport]:
    """Take a round of each platform on the workers that the settings name, all side by side: one may wait for
    its platform's limit. When this breaks off, rounds that go on are given time to land what arrived.

    Raises NoCluster and UnfitWorker.
    """
    workers, platforms = collection.settings.workers, collection.platforms
    assert workers is not None, "CAMPAIGN_DASK is set"
    processes = workers if isinstance(workers, int) else 1
    threads = math.ceil(len(platforms) / processes)
    reports: dict[str, PlatformReport] = {}
    with (
        scheduler_of(workers, jobs=len(platforms), threads=threads) as scheduler,
        hiring(scheduler) as hands,
        handing_out(hands.client, WIND_UP_S) as futures,
        # Ends before the waiting for what goes on does: it is not wanted any more.
        terms_of(collection.settings, asks_platforms=True) as terms,
    ):
        refuse_unfit(hands.client, terms)
        rounds = Rounds(
            terms,
            collection.registry,
            collection.clock,
            collection.as_of,
            collection.campaign,
            collection.everything,
            tells_landed=hiring is plain_hands and LOG.isEnabledFor(logging.INFO),
        )
        for platform in platforms:
            futures[hands.hand_out(platform, partial(rounds.take, platform))] = platform
        for future in as_they_come(hands.client, futures):
            reports[futures[future]] = hands.given(future)
            collection.progress(Step("platforms asked by workers", len(reports), len(platforms)))
    return [reports[platform] for platform in platforms]
