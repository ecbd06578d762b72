"""What comes first: where there are no tables because nothing was ever read, building would not help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.landed_files import answers_have_landed
from warehouse.publish import NothingPublished, NoWarehouse

if TYPE_CHECKING:
    from flows.settings import Settings

NOTHING_READ = (
    "The tables are empty: nothing has been read yet; run campaign collect, then campaign build again"
)


class NothingLanded(NoWarehouse):
    """There are no tables, and no answers of which they could be made."""


@contextmanager
def first_things_first(settings: Settings) -> Iterator[None]:
    """Where the block finds no tables, have it said what is to be done before a build. Raises NothingLanded
    in the place of NothingPublished."""
    try:
        yield
    except NothingPublished as refusal:
        # Of a lake in a bucket the copy here may be behind.
        if settings.is_lake_on_s3 or answers_have_landed(settings.landing):
            raise
        raise NothingLanded(
            f"{refusal.missing}{_strayed(settings)}; run `campaign collect`, then `campaign build`"
        ) from refusal


def _strayed(settings: Settings) -> str:
    """That this may be another folder than the one that was meant."""
    if Path(".env").exists() or settings.registry.exists():
        return ""
    return f", and no .env and no campaigns in {Path.cwd()} (are you in the right folder?)"
