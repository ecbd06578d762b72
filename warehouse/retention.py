"""Retention: the words that people wrote leave the landed answers after a number of days; numbers stay.

What is text is declared beside the readings' SQL (`warehouse.texts`). Posts that only a rule on their words
holds in an asset keep theirs: without them, their numbers would change owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from warehouse.batches import committed
from warehouse.landed import NotTheSame, WithoutTexts, without_texts
from warehouse.landed_files import landed_files
from warehouse.progress import Progress, nobody_watches
from warehouse.readable import has_landing_columns
from warehouse.rewriting import Change, in_portions, rewrite
from warehouse.sightings import platforms
from warehouse.texts import Declaration, declaration
from warehouse.texts import without_texts as body_without_texts
from warehouse.unread import is_read


@dataclass(frozen=True)
class Retention:
    """What a retention did: the responses that lost texts, the files that hold none any more, those that wait
    for a build to read them first, the damaged ones, which are left alone, and a line for whatever else
    stayed as it was."""

    responses: int = 0
    files: int = 0
    waiting: int = 0
    damaged: tuple[Path, ...] = ()
    refused: tuple[str, ...] = ()


def take_out_texts(
    landing: Path,
    readings: Path,
    *,
    before: date,
    kept: Mapping[str, frozenset[str]],
    dry_run: bool = False,
    progress: Progress = nobody_watches,
) -> Retention:
    """Take the texts out of every response of a UTC day before `before`, but for the posts of `kept`: by
    platform, every name of theirs. Files that no build has read are left for another day.

    Only for whoever holds the build lock of the lake's folder. With `dry_run` nothing is written, and the
    responses are not counted. Raises OSError, for instance on a full disk.
    """
    done = {name for batch in committed(readings) for name in batch.landed}
    responses = files = waiting = 0
    damaged: list[Path] = []
    refused: list[str] = []
    for platform, endpoint, there in _endpoints(landing, before):
        declared = declaration(platform, endpoint)
        theirs = kept.get(platform, frozenset())
        chosen = [path for path in there if not _is_done(path, declared, theirs)]
        read = [path for path in chosen if is_read(landing, path, done)]
        waiting += len(chosen) - len(read)
        if dry_run:
            files += len(read)
            continue
        damaged += [path for path in read if not has_landing_columns(path)]
        read = [path for path in read if path not in damaged]
        for portion in in_portions(read):
            try:
                found = rewrite(landing, readings, portion, _taking_out(declared, theirs))
            except NotTheSame as trouble:
                refused.append(str(trouble))
                continue
            progress(f"{platform} {endpoint}: {found:,} responses of {len(portion)} files lost their texts")
            responses += found
            files += len(portion)
    return Retention(responses, files, waiting, tuple(damaged), tuple(refused))


def _endpoints(landing: Path, before: date) -> Iterator[tuple[str, str, list[Path]]]:
    """The landed files of old days, by platform and endpoint."""
    for platform in platforms():
        old = [path for path in landed_files(landing, platform) if path.parent.name < f"date={before}"]
        for endpoint, files in groupby(old, key=lambda path: path.parent.parent.name):
            yield platform, endpoint.removeprefix("endpoint="), list(files)


def _is_done(path: Path, declared: Declaration, kept: frozenset[str]) -> bool:
    """Whether a file lost its texts already, by the same declaration, and kept none that may go now."""
    found = without_texts(path)
    return found is not None and found.declared == declared.fingerprint and kept.issuperset(found.kept)


def _taking_out(declared: Declaration, kept: frozenset[str]) -> Change:
    def change(path: Path, bodies: list[str]) -> tuple[list[str], WithoutTexts]:
        done = [body_without_texts(body, declared, kept) for body in bodies]
        stayed = sorted(frozenset().union(*(met for _, met in done)))
        return [body for body, _ in done], WithoutTexts(declared.fingerprint, tuple(stayed))

    return change
