"""Insights of Instagram's media and of an account's days: asked in batches, and without what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from connectors.asking import AccountDays, in_parts
from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    MetricWithdrawn,
    NotOffered,
    PermissionMissing,
    TooMuchAsked,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.instagram.answers import InstagramAnswers
from connectors.instagram.graph import NAME, Graph, Own, reason
from connectors.metric_refusals import REFUSALS_TO_GIVE_UP, MetricRefusals

QUESTIONS_PER_BATCH = 50

_FEED_METRICS = (
    "views",
    "reach",
    "likes",
    "comments",
    "saved",
    "shares",
    "reposts",
    "follows",
    "profile_visits",
)
_REEL_METRICS = (
    "views",
    "reach",
    "likes",
    "comments",
    "saved",
    "shares",
    "reposts",
    "ig_reels_video_view_total_time",
)
_STORY_METRICS = ("views", "reach", "replies", "shares", "navigation")
_METRICS_OF = {"REELS": _REEL_METRICS, "STORY": _STORY_METRICS}
# Reach and views hold what advertising brought, unless they are split by the kind of medium (`AD`).
_SPLIT_ACCOUNT_METRICS = ("reach", "views")
_ACCOUNT_METRICS = (
    "accounts_engaged",
    "total_interactions",
    "likes",
    "comments",
    "shares",
    "saves",
    "replies",
    "reposts",
    "profile_links_taps",
)
_SPLIT = ("breakdown", "media_product_type")

# The platform's day ends at midnight US Pacific, but account insights are asked for by instants. That its day
# D is answered to the window from D+1 00:00 to D+2 00:00 UTC is a third party's finding, not the vendor's
# word; warehouse/readings/instagram.sql turns it back.
WINDOW_BEGINS_AFTER = timedelta(days=1)
# Account insights reach so far back.
MOST_DAYS = 90


def window_of(day: date) -> tuple[int, int]:
    """The window (epoch seconds) by which account insights of a day of the platform's calendar are asked."""
    begins = datetime.combine(day, time(), UTC) + WINDOW_BEGINS_AFTER
    return int(begins.timestamp()), int((begins + timedelta(days=1)).timestamp())


def last_day_over(moment: datetime) -> date:
    """The last day of the platform's calendar whose window is over at that (aware) moment."""
    return (moment.astimezone(UTC) - WINDOW_BEGINS_AFTER).date() - timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """Insights asked at `path`, of a medium or of an account's day; `more` are its further parameters. `kind`
    is the product type or `account days`: of one account and kind, all are likely to be given the same.
    """

    path: str
    kind: str
    metrics: tuple[str, ...]
    campaign_id: str
    more: tuple[tuple[str, str], ...]
    was_repeated: bool = False

    @property
    def object_id(self) -> str:
        return self.path.partition("/")[0]

    @property
    def parameters(self) -> dict[str, str]:
        return {"metric": ",".join(self.metrics), **dict(self.more)}


def media_question(media_id: str, kind: str, campaign_id: str) -> Question:
    """What is asked of a medium of that product type."""
    metrics = _METRICS_OF.get(kind, _FEED_METRICS)
    return Question(f"{media_id}/insights", kind, metrics, campaign_id, (("period", "lifetime"),))


class Insights:
    """Asks insights by one run's graph; what proves not to be offered is not asked again in the run."""

    def __init__(self, graph: Graph, answers: InstagramAnswers) -> None:
        self._graph = graph
        self._answers = answers
        self._is_batching = not graph.is_instagram_login
        self._is_split = True
        self._refusals = MetricRefusals()

    def ask_all(self, questions: list[Question], own: Own) -> None:
        """Asks each question; a missing permission ends the account's insights."""
        try:
            # The first batch tells what is given to the account, and whether batches are.
            first = questions[: self._batch_size]
            self._ask_all(first, own)
            parts = in_parts(questions[len(first) :], self._batch_size)
            self._graph.session.side_by_side(lambda some: self._ask_all(some, own), parts)
        finally:
            self._tell_refusals(own)

    @property
    def _batch_size(self) -> int:
        return QUESTIONS_PER_BATCH if self._is_batching else 1

    def _ask_all(self, questions: list[Question], own: Own) -> None:
        """Asks each question, and again those that another call may answer.

        Each repetition drops a metric, splits a question or marks it as repeated, so there is an end.
        """
        waiting = questions
        while waiting:
            size = self._batch_size
            some = [self._still_given(one, own) for one in waiting[:size]]
            some = [question for question in some if question.metrics]
            waiting = waiting[size:]
            if not some:
                continue
            try:
                self._ask_some(some, own)
            except (Transient, TooMuchAsked, Unreadable) as trouble:
                # A whole call that fails costs its own questions alone.
                self._graph.session.note(trouble)

    def _still_given(self, question: Question, own: Own) -> Question:
        still = self._refusals.still_asked((own.id, question.kind), question.object_id, question.metrics)
        more = tuple(one for one in question.more if self._is_split or one != _SPLIT)
        return replace(question, metrics=still, more=more)

    def _ask_some(self, questions: list[Question], own: Own) -> None:
        troubles = self._troubles(questions, own)
        if troubles is None:
            self._ask_all(questions, own)
            return
        for question, trouble in zip(questions, troubles, strict=True):
            if trouble is None:
                self._refusals.give((own.id, question.kind), question.metrics)
        again: list[Question] = []
        unclear: list[Question] = []
        for question, trouble in zip(questions, troubles, strict=True):
            match trouble:
                case None:
                    continue
                case MetricWithdrawn() if named := set(trouble.metric.split(",")) & set(question.metrics):
                    self._refuse(question, own, named, trouble)
                    again.append(question)
                case MetricWithdrawn() if trouble.metric:
                    # It names something else: the object has no insights, which says nothing of others.
                    text = f"instagram: insights of some objects are not offered ({reason(trouble)})"
                    self._graph.session.note(NotOffered(NAME, f"{text}; the rest goes on"))
                case MetricWithdrawn() if len(question.metrics) == 1:
                    self._refuse(question, own, question.metrics, trouble)
                case MetricWithdrawn():
                    unclear.append(question)
                case Transient() | TooMuchAsked() if self._is_batching and not question.was_repeated:
                    again.append(replace(question, was_repeated=True))
                case PermissionMissing():
                    raise trouble
                case BadRequest() if _SPLIT in question.more and "breakdown" in trouble.message.lower():
                    self._never_split(trouble)
                    again.append(question)
                case _:
                    self._graph.session.note(trouble)
        # The platform does not say which metric it means: as many objects as decide are asked for each alone.
        for some in _by_kind(unclear):
            first: dict[str, Question] = {}
            for question in some:
                first.setdefault(question.object_id, question)
            decisive = list(first.values())[:REFUSALS_TO_GIVE_UP]
            self._ask_all(_one_by_one(decisive), own)
            for question in some:
                if question not in decisive:
                    is_clear = self._still_given(question, own).metrics != question.metrics
                    again += [question] if is_clear else _one_by_one([question])
        self._ask_all(again, own)

    def _never_split(self, trouble: Trouble) -> None:
        if self._is_split:
            self._is_split = False
            text = f"instagram: days are not split by {_SPLIT[1]} ({reason(trouble)}); they hold ads too"
            self._graph.session.note(NotOffered(NAME, text))

    def _refuse(self, question: Question, own: Own, metrics: Iterable[str], trouble: MetricWithdrawn) -> None:
        self._refusals.refuse((own.id, question.kind), question.object_id, sorted(metrics), trouble)

    def _tell_refusals(self, own: Own) -> None:
        """Tells what was refused to an account: for all of a kind, or for the few objects that were."""
        for refused in self._refusals.not_told(own.id):
            account, kind = refused.group
            whom = f"{kind} of account {account}" if refused.is_of_all else refused.shown_objects
            text = f"instagram: {refused.metric} is not given for {whom} ({reason(refused.trouble)})"
            text = f"{text}; the other figures are read"
            told = (
                MetricWithdrawn(NAME, text, refused.metric) if refused.is_of_all else NotOffered(NAME, text)
            )
            self._graph.session.note(told)

    def _troubles(self, questions: list[Question], own: Own) -> list[Trouble | None] | None:
        """What went wrong with each question, in their order; None when batches prove not to be offered."""
        if not self._is_batching:
            return [self._trouble_with(question, own) for question in questions]
        try:
            return self._troubles_in_batch(questions, own)
        except (BadRequest, Gone, NotOffered, PermissionMissing, Unreadable) as refused:
            if isinstance(refused, Unreadable) and refused.status < 400:
                raise
            text = f"instagram: batches are not offered ({reason(refused)}); insights are asked one by one"
            self._graph.session.note(NotOffered(NAME, text))
        self._is_batching = False
        return None

    def _trouble_with(self, question: Question, own: Own) -> Trouble | None:
        """What went wrong with one question, asked in a call of its own."""
        try:
            self._graph.get(question.path, own.token, **question.parameters)
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            return trouble
        return None

    def _troubles_in_batch(self, questions: list[Question], own: Own) -> list[Trouble | None]:
        batch = [
            {
                "method": "GET",
                "relative_url": f"{self._graph.version}/{question.path}?"
                + urlencode(question.parameters, safe=","),
            }
            for question in questions
        ]
        answers = self._graph.post_batch(json.dumps(batch, separators=(",", ":")), own.token)
        if not isinstance(answers, list):
            raise NotOffered(NAME, "instagram: batches are not offered (no list came back)")
        answers += [None] * (len(questions) - len(answers))
        return [self._answers.trouble_in(answer, {}) for answer in answers[: len(questions)]]

    def ask_days(self, own: Own, days: AccountDays) -> None:
        """As far back as the platform keeps them, a day at a time: most metrics are only given as the total
        of the window that was asked for. The newest day is the last one whose window is over.
        """
        path, kind = f"{own.id}/insights", "account days"
        questions: list[Question] = []
        # Nobody asks for days to come: without a clock, today is the last day at the latest.
        moment = self._graph.moment or datetime.combine(days.last_day, time(), UTC)
        last_day = min(days.last_day, last_day_over(moment))
        for back in range(min((last_day - days.first_day).days + 1, MOST_DAYS)):
            since, until = window_of(last_day - timedelta(days=back))
            more = {"period": "day", "metric_type": "total_value", "since": str(since), "until": str(until)}
            whole = tuple(more.items())
            questions += [
                Question(path, kind, _SPLIT_ACCOUNT_METRICS, days.campaign_id, (*whole, _SPLIT)),
                Question(path, kind, _ACCOUNT_METRICS, days.campaign_id, whole),
            ]
        with self._graph.session.asking("account_insights", days.campaign_id):
            self.ask_all(questions, own)


def _by_kind(questions: Iterable[Question]) -> list[list[Question]]:
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(question.kind, []).append(question)
    return list(kinds.values())


def _one_by_one(questions: Iterable[Question]) -> list[Question]:
    return [replace(question, metrics=(metric,)) for question in questions for metric in question.metrics]
