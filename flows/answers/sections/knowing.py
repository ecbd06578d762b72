"""How well the numbers are known, what the last build found, and what each of them counts."""

from __future__ import annotations

from dataclasses import replace

from flows.answers.page import Column, Section, Table
from flows.answers.page.charts import coverage as strips
from flows.answers.platforms import platform_name
from flows.answers.sections.questions import Questions


def coverage(questions: Questions) -> Section:
    columns, found = questions.ask("coverage")
    names = ("platform", "posts", "polls due", "of these got", "% got", "post days complete")
    labels = [*names, *(column.label for column in columns[7:])]
    shown = [columns[0], *columns[2:]]
    table = questions.as_table(
        "Platforms",
        [Column(label, column.is_number) for label, column in zip(labels, shown, strict=True)],
        [(row[0], *row[2:]) for row in found if row[1] is None],
    )
    by_day = [row for row in found if row[1] is not None]
    figure = strips.by_day(
        "coverage-by-day",
        "Polls got of those that were due,",
        [
            strips.Read(
                platform_name(platform),
                [(row[1], row[3], row[4]) for row in by_day if row[0] == platform and row[3] is not None],
                questions.gaps.get(platform, ()),
            )
            for platform in sorted({row[0] for row in by_day})
        ],
        questions.window,
    )
    return Section(
        "coverage",
        "How well it is known",
        "Polls that were due under the schedule against polls got. A post's day is complete when readings "
        "lie near both midnights, estimated where its gain was split by a straight line, and open until its "
        f"end is seen. Times are of {questions.campaign.timezone}.",
        [
            replace(table, is_aside=bool(figure)),
            replace(_gaps(questions), is_aside=True),
            replace(questions.table("incidents", "Revisions, glitches, posts gone"), is_aside=True),
        ],
        [figure] if figure else [],
    )


def warnings(questions: Questions) -> Section:
    return Section(
        "warnings",
        "Warnings",
        "What the last build found that somebody should look at; ten of each kind.",
        [questions.table("warnings", "Warnings of the last build")],
    )


def meaning(questions: Questions) -> Section:
    """A table each platform, in its own words."""
    columns, rows = questions.ask("meanings")
    return Section(
        "meaning",
        "What a view means",
        "Each counter that spoke in this campaign, in its platform's own sense. A post's views come from one "
        "counter for all its days. A share is not a retweet, and neither is a quote.",
        [
            replace(
                questions.as_table(
                    f"On {platform_name(platform)}",
                    columns[1:],
                    [row[1:] for row in rows if row[0] == platform],
                ),
                is_aside=True,
            )
            for platform in dict.fromkeys(row[0] for row in rows)
        ],
    )


def _gaps(questions: Questions) -> Table:
    columns, rows = questions.ask("gaps")
    return questions.of_all(columns, rows, "Known gaps", "longest")
