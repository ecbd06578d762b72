"""How people responded: reactions by type, and posts that did better than their accounts are used to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from flows.answers.dates import in_words
from flows.answers.page import Section
from flows.answers.page.charts import rows, stacks
from flows.answers.page.charts.days import Known
from flows.answers.page.charts.wording import short
from flows.answers.platforms import platform_name
from flows.answers.sections.questions import Questions


def reactions(questions: Questions) -> Section:
    platforms: dict[str, dict[str, list[Known]]] = {}
    for platform, reaction, day, value, completeness in questions.rows("reaction_days"):
        platforms.setdefault(platform, {}).setdefault(reaction, []).append((day, value, completeness))
    window = questions.window
    inside = [
        (platform_name(platform), {reaction: window.inside(days) for reaction, days in parts.items()})
        for platform, parts in platforms.items()
    ]
    figure = stacks.by_day("reactions-by-type", "Reactions by type,", inside, window)
    return Section(
        "reactions",
        "Reactions",
        "What our side's posts got inside the campaign's window, by type where the platform tells types. "
        "Where a platform has only the like, that is all of them.",
        [replace(questions.table("reactions", "Reactions by type"), is_aside=figure is not None)],
        [figure] if figure else [],
    )


def better_than_usual(questions: Questions) -> Section:
    columns, found = questions.ask("over_performing")
    places = {column.label: place for place, column in enumerate(columns)}
    # Posts that read the same are told apart by their accounts, and those of one account by their days.
    sources = [platform_name(row[places["platform"]]) for row in found]
    for more in (
        lambda row: row[places["account"]],
        lambda row: in_words(row[places["posted"]].astimezone(questions.zone)),
    ):
        names = [(row[places["post"]], source) for row, source in zip(found, sources, strict=True)]
        alike = Counter(names)
        sources = [
            f"{more(row)}, {source}" if alike[name] > 1 else source
            for row, name, source in zip(found, names, sources, strict=True)
        ]
    figure = rows.surprises(
        "better-than-usual",
        "Interactions at the end of the day after publication, and what was expected; each step to the right "
        "is ten times as many",
        [
            rows.Surprise(
                row[places["post"]],
                source,
                row[places["interactions"]],
                row[places["expected"]],
                _said(row[places["interactions"]], row[places["times as many"]]),
            )
            for row, source in zip(found, sources, strict=True)
            if row[places["expected"]] is not None
        ],
    )
    return Section(
        "better",
        "Posts that did better than usual",
        "Reactions, comments, shares, retweets and quotes of our side's posts at the end of the day after "
        "publication, as far as their platform tells them, against what earlier posts of the same account "
        "had by then. Compared are posts of which the same of these are told.",
        [
            replace(
                questions.linked("Furthest above what was expected", columns, found, "post"),
                is_aside=figure is not None,
            )
        ],
        [figure] if figure else [],
        short="Better than usual",
    )


def _said(interactions: int, times: object) -> str:
    return short(interactions) if times is None else f"{short(interactions)}, {times} times as many"
