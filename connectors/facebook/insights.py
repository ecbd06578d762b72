"""Facebook's insights of posts and videos, of the token's own Pages: views, in batches of 50.

A metric that is not given fails a whole question with code 100, and the platform need not say which: it is
found by asking for each alone, and left out while the others keep coming. `period` is always given: without
it lifetime and daily rows come together. What is wanted here is lifetime; questions by day come from
`post_days`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from connectors.asking import in_parts
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
from connectors.facebook.days import leads_on_to
from connectors.facebook.graph import ANSWERS, FACEBOOK, Graph, is_refusal, not_offered, reason
from connectors.facebook.pages import Pages
from connectors.metric_refusals import REFUSALS_TO_GIVE_UP, Group, MetricRefusals

QUESTIONS_PER_BATCH = 50

VIDEO_POST_METRICS = ("post_video_views", "post_media_view")
POST_METRICS = ("post_media_view",)
VIDEO_METRICS = ("total_video_views",)
REEL_METRICS = ("blue_reels_play_count",)
_KINDS = {
    VIDEO_POST_METRICS: "posts with videos",
    POST_METRICS: "posts without videos",
    VIDEO_METRICS: "videos",
    REEL_METRICS: "reels",
}


@dataclass(frozen=True)
class Question:
    """Insights asked of one object: `path` is `{post}/insights` or `{video}/video_insights`; objects of one
    `kind` and Page are likely to be given the same. `days` are the first and the last Pacific midnight of
    what is asked by day, in epoch seconds; None for lifetime.
    """

    path: str
    metrics: tuple[str, ...]
    campaign_id: str
    page_id: str
    kind: str
    days: tuple[int, int] | None = None
    was_repeated: bool = False

    @property
    def object_id(self) -> str:
        return self.path.partition("/")[0]

    @property
    def group(self) -> Group:
        return self.page_id, self.kind

    @property
    def parameters(self) -> dict[str, str]:
        metrics = {"metric": ",".join(self.metrics)}
        if self.days is None:
            return {**metrics, "period": "lifetime"}
        since, until = self.days
        return {**metrics, "period": "day", "since": str(since), "until": str(until)}

    def continued(self, document: Mapping[str, Any]) -> Question | None:
        """What is left to ask when this was the answer: days come in pages that have no last one."""
        since = None if self.days is None else leads_on_to(document, *self.days)
        return None if self.days is None or since is None else replace(self, days=(since, self.days[1]))


Answered = Mapping[str, Any] | Trouble
"""An answer to a question, or what went wrong with it."""


class Insights:
    """The questions of one run: those gathered by `want` and carried out by `ask`, and others."""

    def __init__(self, graph: Graph, pages: Pages) -> None:
        self._graph = graph
        self._session = graph.session
        self._pages = pages
        self._questions: dict[str, Question] = {}
        self._answered: set[str] = set()
        self._refusals = MetricRefusals()
        self._is_batching = True
        self._per_batch = QUESTIONS_PER_BATCH

    def want(self, path: str, metrics: tuple[str, ...], campaign_id: str, page_id: str) -> None:
        """Asks for an object's insights, if it is of an own Page; the first word about an object counts."""
        if page_id in self._pages.own:
            kind = _KINDS.get(metrics, "objects")
            self._questions.setdefault(path, Question(path, metrics, campaign_id, page_id, kind))

    def ask(self) -> None:
        self.carry_out("insights", self._questions.values())

    def carry_out(self, endpoint: str, asked: Iterable[Question]) -> set[str]:
        """Asks questions and lands the answers under `endpoint`. The ids of the objects that answered."""
        groups: dict[tuple[str, str], list[Question]] = {}
        for question in asked:
            groups.setdefault((question.campaign_id, question.page_id), []).append(question)
        self._answered = set()

        def ask_page(group: tuple[tuple[str, str], list[Question]]) -> None:
            (campaign_id, page_id), questions = group
            token = self._pages.own.get(page_id)
            if token is not None:
                with self._session.asking(endpoint, campaign_id), self._pages.trusting(page_id, token):
                    self._ask_first_then_all(questions, token)

        try:
            self._session.side_by_side(ask_page, groups.items())
        finally:
            self._tell_refusals()
        return self._answered

    def _ask_first_then_all(self, questions: list[Question], token: str) -> None:
        """The first batch tells what is given to the Page, and whether batches are; then several at once."""
        first = questions[: self._batch_size]
        self._ask_all(first, token)
        parts = in_parts(questions[len(first) :], self._batch_size)
        self._session.side_by_side(lambda some: self._ask_all(some, token), parts)

    @property
    def _batch_size(self) -> int:
        return self._per_batch if self._is_batching else 1

    def _ask_all(self, questions: list[Question], token: str) -> None:
        waiting = questions
        while waiting:
            size = self._batch_size
            some = [self._still_given(one) for one in waiting[:size]]
            some = [question for question in some if question.metrics and question.page_id in self._pages.own]
            waiting = waiting[size:]
            if some:
                with self._session.costing_only_this():
                    self._ask_batch(some, token)

    def _still_given(self, question: Question) -> Question:
        still = self._refusals.still_asked(question.group, question.object_id, question.metrics)
        return replace(question, metrics=still)

    def _ask_batch(self, questions: list[Question], token: str) -> None:
        """Asks several questions in one call, and again those of them that another call may answer.

        Each repetition drops a metric, splits a question or a batch, goes on to later days, or marks a
        question as repeated, so there is an end.
        """
        try:
            answers = self._answers(questions, token)
        except TooMuchAsked:
            if len(questions) == 1:
                raise
            self._per_batch = len(questions) // 2
            answers = None
        if answers is None:
            self._ask_all(questions, token)
            return
        again: list[Question] = []
        unclear: list[Question] = []
        refused: list[tuple[Question, Trouble]] = []
        for question, answer in zip(questions, answers, strict=True):
            if isinstance(answer, Trouble):
                refused.append((question, answer))
                continue
            self._answered.add(question.object_id)
            self._pages.believe([question.page_id])
            self._refusals.give(question.group, question.metrics)
            try:
                more = question.continued(answer)
            except Unreadable as unreadable:
                self._session.note(unreadable)
            else:
                again += [] if more is None else [more]
        for question, trouble in refused:
            match trouble:
                case MetricWithdrawn(metric=metric) if metric in question.metrics:
                    self._refusals.refuse(question.group, question.object_id, [metric], trouble)
                    again.append(question)
                case MetricWithdrawn() if len(question.metrics) == 1:
                    self._refusals.refuse(question.group, question.object_id, question.metrics, trouble)
                case MetricWithdrawn():
                    unclear.append(question)
                case TooMuchAsked() if len(question.metrics) > 1:
                    again += _one_by_one([question])
                case Transient() if self._is_batching and not question.was_repeated:
                    again.append(replace(question, was_repeated=True))
                case _ if self._pages.is_guessed(question.page_id) and is_refusal(trouble):
                    self._pages.doubt(question.page_id, trouble)
                case BadRequest():
                    edge = question.path.partition("/")[2]
                    self._session.note(not_offered(f"{edge} of some objects are not offered", trouble))
                case _:
                    self._session.note(trouble)
        # The platform does not say which metric it means: as many objects as decide are asked for each alone.
        for some in _by_group(unclear):
            self._ask_all(_one_by_one(some[:REFUSALS_TO_GIVE_UP]), token)
            for question in some[REFUSALS_TO_GIVE_UP:]:
                is_clear = self._still_given(question) != question
                again += [question] if is_clear else _one_by_one([question])
        self._ask_all(again, token)

    def _tell_refusals(self) -> None:
        """Tells what was refused: to a few objects, to a Page, or to all that were asked."""
        withdrawn: set[str] = set()
        for refused in self._refusals.not_told():
            page_id, kind = refused.group
            metric, trouble = refused.metric, refused.trouble
            if not self._refusals.is_given(metric):
                if metric not in withdrawn:
                    withdrawn.add(metric)
                    text = f"facebook: {metric} is withdrawn ({reason(trouble)})"
                    cure = "take it out of the connector's list"
                    self._session.note(MetricWithdrawn(FACEBOOK, f"{text}; {cure}", metric))
                continue
            whom = f"the {kind} of Page {page_id}" if refused.is_of_all else refused.shown_objects
            cure = "the other figures are read"
            self._session.note(not_offered(f"{metric} is not given for {whom}", trouble, cure))

    def _answers(self, questions: Sequence[Question], token: str) -> list[Answered] | None:
        """What came of each question, in their order; None when batches prove not to be offered."""
        if not self._is_batching:
            return [self._answer_to(question, token) for question in questions]
        try:
            return self._answers_in_batch(questions, token)
        except NotOffered as trouble:
            refused: Trouble = trouble
        except (BadRequest, Gone, PermissionMissing, Unreadable) as trouble:
            if not is_refusal(trouble):
                raise
            refused = not_offered("batches are not offered", trouble, "insights are asked one by one")
        self._is_batching = False
        self._session.note(refused)
        return None

    def _answer_to(self, question: Question, token: str) -> Answered:
        """What came of one question, asked in a call of its own."""
        try:
            return self._graph.get(question.path, token, **question.parameters)
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            return trouble

    def _answers_in_batch(self, questions: Sequence[Question], token: str) -> list[Answered]:
        urls = [f"{one.path}?{urlencode(one.parameters, safe=',')}" for one in questions]
        answers = self._graph.batch(urls, token)
        if not isinstance(answers, list):
            text = "facebook: batches are not offered (no list came back); insights are asked one by one"
            raise NotOffered(FACEBOOK, text)
        missing = [None] * (len(questions) - len(answers))
        return [_answer_in(answer) for answer in [*answers, *missing][: len(questions)]]


def _answer_in(item: Any) -> Answered:
    """One answer of a batch: an object as JSON text, which a trouble-free one is."""
    trouble = ANSWERS.trouble_in(item, {})
    if trouble is not None:
        return trouble
    document: dict[str, Any] = json.loads(item["body"])
    return document


def _by_group(questions: Iterable[Question]) -> list[list[Question]]:
    groups: dict[Group, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.group, []).append(question)
    return list(groups.values())


def _one_by_one(questions: Iterable[Question]) -> list[Question]:
    return [replace(question, metrics=(metric,)) for question in questions for metric in question.metrics]
