"""What a worker must have in common with whoever hands it work.

Work travels as plain words. Settings do not: each worker reads its own, from its environment and `.env`. So
no secret is in a task, on the wire between the processes, in a log of Dask's or in a record of Prefect's.
Whether a worker's settings are those of the run is seen by digests of them, salted anew for each run.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.refused import Refused
from flows.settings import Settings, SettingsError
from flows.workers.cluster import needs_one
from flows.workers.marks import is_held, is_there, marked
from warehouse.mirrored import LakeOutOfReach
from warehouse.one_at_a_time import BUILD_LOCK, last_taking, this_machine

if TYPE_CHECKING:
    from distributed import Client

_SOURCES = Path(__file__).parents[2]


class UnfitWorker(Refused):
    """A worker that would do the work wrongly; one plain line that names the cure."""


@dataclass(frozen=True)
class Terms:
    """What a worker holds against what it has. Made by `terms_of`; good while its block runs."""

    release: str
    # A mark in the lake's folder, or the address of a lake that lies in none.
    lake: str
    # The taking of the build lock, of a build's work on S3: by it a worker sees that it asks the same store.
    taking: str = ""
    # Of work that takes locks and keeps records in CAMPAIGN_HOME and asks platforms; else empty.
    machine: str = ""
    home: str = ""
    salt: bytes = field(default=b"", repr=False)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)

    def checked(self) -> Settings:
        """This worker's settings. Raises UnfitWorker when they are not those of who hands out the work."""
        if self.release != _release():
            raise UnfitWorker(
                f"the worker {_named()} runs another release of campaign-pipeline; install the same on every "
                "worker and start the workers again"
            )
        try:
            settings = Settings()
        except SettingsError as trouble:
            raise UnfitWorker(f"the worker {_named()} has settings that cannot be used: {trouble}") from None
        if self.home:
            self._check_home(settings)
        if "://" in self.lake:
            is_same_lake = settings.lake == self.lake and self._is_same_store(settings)
        else:
            is_same_lake = is_there(_lake_of(settings), self.lake)
        if not is_same_lake:
            raise UnfitWorker(
                f"the worker {_named()} has another lake; give it the same CAMPAIGN_HOME and CAMPAIGN_LAKE "
                "(of S3 also AWS_ENDPOINT_URL), and start it in the same working folder where those are "
                "relative paths"
            )
        ours = settings.digests(self.salt) if self.digests else {}
        for name, digest in self.digests.items():
            if ours.get(name) != digest:
                raise UnfitWorker(
                    f"the worker {_named()} has another {name} than the run, or none; give every worker the "
                    "same environment, or start it where the same .env lies"
                )
        return settings

    def _is_same_store(self, settings: Settings) -> bool:
        """Whether the bucket is that of the run, under whatever address it is reached."""
        if not self.taking:
            return True
        try:
            return last_taking(_lake_of(settings) / BUILD_LOCK) == self.taking
        except LakeOutOfReach as trouble:
            raise UnfitWorker(f"the worker {_named()} does not reach the lake: {trouble}") from None

    def _check_home(self, settings: Settings) -> None:
        if self.machine != this_machine():
            raise UnfitWorker(
                f"the worker {_named()} is on another machine; rounds take their locks and keep what was "
                "spent in CAMPAIGN_HOME, which holds on one machine only: start workers for collecting there"
            )
        if not is_there(settings.home, self.home):
            raise UnfitWorker(
                f"the worker {_named()} has another CAMPAIGN_HOME; give it the same, and start it in the "
                "same working folder where that is a relative path"
            )

    def is_wanted(self, settings: Settings) -> bool:
        """Whether whoever handed out the work still waits for it. For work that has a home."""
        return is_held(settings.home, self.home)


@contextmanager
def terms_of(settings: Settings, *, asks_platforms: bool) -> Iterator[Terms]:
    """The terms of a run with these settings, while the block runs. Work that `asks_platforms` needs the same
    home, machine and credentials too. Raises OSError when the home or the lake cannot be written."""
    with ExitStack() as marks:
        lake = settings.lake
        if lake is None or "://" not in lake:
            lake = marks.enter_context(marked(_lake_of(settings)))
        if not asks_platforms:
            taking = last_taking(_lake_of(settings) / BUILD_LOCK) if settings.is_lake_on_s3 else ""
            yield Terms(_release(), lake, taking)
            return
        salt = secrets.token_bytes(16)
        home = marks.enter_context(marked(settings.home))
        yield Terms(_release(), lake, "", this_machine(), home, salt, settings.digests(salt))


def refuse_unfit(client: Client, terms: Terms) -> None:
    """Raises UnfitWorker when one of the workers that are there would do the work wrongly, NoCluster when
    there is none. Workers that come later look for themselves."""
    needs_one(client)
    try:
        refusals = client.run(_refusal, terms)
    except ModuleNotFoundError as error:
        raise UnfitWorker(
            f"a Dask worker cannot import {error.name}; install the same release of campaign-pipeline "
            "on every worker"
        ) from error
    for refusal in refusals.values():
        if refusal is not None:
            raise refusal


def _refusal(terms: Terms) -> UnfitWorker | None:
    """What a worker says of the terms. Not its settings: they hold secrets, and must not travel back."""
    try:
        terms.checked()
    except UnfitWorker as refusal:
        return refusal
    return None


def _lake_of(settings: Settings) -> Path:
    return settings.landing.parent


@cache
def _release() -> str:
    """A fingerprint of the code, as it lies on the disk when first asked for."""
    digest = hashlib.sha256()
    for package in ("connectors", "flows", "warehouse"):
        for path in sorted((_SOURCES / package).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".sql", ".toml", ".csv"):
                digest.update(str(path.relative_to(_SOURCES)).encode() + path.read_bytes())
    return digest.hexdigest()


def _named() -> str:
    return f"process {os.getpid()} of {platform.node()}"
