"""Questions to whoever sits at a terminal; where nobody does, what was given and what is suggested counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import typer

from flows.beginning.answers import Unusable
from flows.cli.running import USED_WRONGLY, fail
from flows.console import plain, say
from flows.registry.mistakes import shown

_Answer = TypeVar("_Answer")
_YES, _NO = {"y", "yes"}, {"n", "no"}


class Talk:
    """One conversation. What an option gave is not asked for; an answer that cannot be taken is asked again.

    Ctrl-C and the end of input raise `typer.Abort`.
    """

    def __init__(self, is_asking: bool) -> None:
        self.is_asking = is_asking
        if is_asking:
            # It lets arrows move in a line; not every Python has it.
            with suppress(ImportError):
                import readline  # noqa: F401

    def answer(
        self,
        option: str,
        given: str | None,
        judge: Callable[[str], _Answer],
        question: str,
        suggestion: str = "",
    ) -> _Answer:
        """What `judge` makes of the answer."""
        if given is not None or not self.is_asking:
            return _judged(option, suggestion if given is None else given, judge)
        told: _Answer = typer.prompt(question, default=suggestion or None, value_proc=_asked_again(judge))
        return told

    def several(
        self,
        option: str,
        given: Iterable[str] | None,
        take: Callable[[str], str],
        question: str,
    ) -> None:
        """Give `take` each answer until an empty one comes; it tells how it understood it."""
        if given is not None or not self.is_asking:
            for text in given or ():
                _judged(option, text, take)
            return
        while text := typer.prompt(question, default="", show_default=False).strip():
            try:
                self.tell(f"    {take(text)}")
            except Unusable as unusable:
                self.tell(f"Error: {unusable}")

    def secret(self, question: str, judge: Callable[[str], str]) -> str:
        """What was typed unseen; empty where nothing was, and where nobody is asked."""
        if not self.is_asking:
            return ""
        while True:
            # Of what is typed unseen, Typer would not say why it cannot be taken.
            typed = typer.prompt(question, default="", show_default=False, hide_input=True)
            try:
                return judge(typed)
            except Unusable as unusable:
                self.tell(f"Error: {unusable}")

    def agrees(self, question: str, *, otherwise: bool, usual: bool) -> bool:
        """Yes or no; `otherwise` where nobody is asked."""
        if not self.is_asking:
            return otherwise
        told: bool = typer.prompt(
            f"{question} [{'Y/n' if usual else 'y/N'}]",
            default="y" if usual else "n",
            show_default=False,
            value_proc=_asked_again(_yes_or_no),
        )
        return told

    def tell(self, line: str = "") -> None:
        """A line between questions."""
        if self.is_asking:
            say(plain(line))
            sys.stdout.flush()


def _yes_or_no(text: str) -> bool:
    if text.strip().lower() not in _YES | _NO:
        raise Unusable(f"{shown(text.strip())} is neither yes nor no; write y or n")
    return text.strip().lower() in _YES


def _judged(option: str, text: str, judge: Callable[[str], _Answer]) -> _Answer:
    try:
        return judge(text)
    except Unusable as unusable:
        fail(f"{option}: {unusable}", USED_WRONGLY)


def _asked_again(judge: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
    def judged(text: str) -> _Answer:
        try:
            return judge(text)
        except Unusable as unusable:
            raise typer.BadParameter(plain(str(unusable))) from None

    return judged
