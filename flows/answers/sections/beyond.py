"""What is not a post of ours: hashtags, sites, and audiences that advertising reached."""

from __future__ import annotations

from dataclasses import replace

from flows.answers.page import Section
from flows.answers.page.charts import rows
from flows.answers.sections.questions import Questions


def section(questions: Questions) -> Section:
    columns, found = questions.ask("reach")
    places = {column.label: place for place, column in enumerate(columns)}
    shares = [(row[places["audience"]], row[places["% from"]], row[places["% to"]]) for row in found]
    figure = rows.intervals(
        "reach-shares",
        "Share of each audience reached by advertising, from the least to the most that it can be",
        [
            rows.Interval(name, float(low) / 100, float(high) / 100, f"{low:.0f} to {high:.0f} %")
            for name, low, high in shares
            if low is not None and high is not None
        ],
    )
    return Section(
        "beyond",
        "Hashtags, sites and audiences",
        "Mentions by anybody; shares of web addresses; paid reach over the size of an audience as an "
        "interval, because audiences are estimated as ranges. Reach is never added up.",
        [
            questions.table("mentions", "Hashtags and sites"),
            replace(
                questions.as_table("Share of each audience reached", columns, found), is_aside=bool(figure)
            ),
        ],
        [figure] if figure else [],
        short="Hashtags, sites, audiences",
    )
