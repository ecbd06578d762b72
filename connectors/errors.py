"""What can go wrong when a platform is asked, named by what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Trouble(Exception):
    """An answer, or the lack of one, that is not what was asked for.

    `platform` is who was asked; `message` is one plain line that names the fix and holds no secret. The
    constructor arguments are the exception's `args`, so that a trouble survives being sent between processes.
    """

    def __init__(self, platform: str, message: str, *more: object) -> None:
        super().__init__(platform, message, *more)
        self.platform = platform
        self.message = message

    def __str__(self) -> str:
        return self.message

    @property
    def kind(self) -> str:
        """The name under which reports count it."""
        return type(self).__name__


class Transient(Trouble):
    """The network or the platform failed in passing. The wire has already retried: let the next run try
    again.
    """


class RateLimited(Trouble):
    """Asked too often. Ends the platform's run: start the next one after `until` (aware), or later if it is
    None.

    `wait_s` is for platforms that say how long to wait instead of until when; the wire, which has the clock,
    turns it into `until`. `is_of_part` is for limits that may be of a part of what the credential asks, one
    Page of several; the wire, which knows whether a part is asked, names it in `part`: only that is limited
    then.
    """

    def __init__(
        self, platform: str, message: str, until: datetime | None = None, wait_s: float | None = None
    ) -> None:
        super().__init__(platform, message, until, wait_s)
        self.until = until
        self.wait_s = wait_s
        self.is_of_part = False
        self.part = ""

    def say_when(self, until: datetime) -> None:
        """Sets `until` (aware) and names it in the message, which otherwise ends in "start again later"."""
        self.until = until
        shown = until.astimezone(UTC) + timedelta(microseconds=999_999)
        text = self.message.removesuffix("; start again later")
        self.message = f"{text}; start again after {shown:%Y-%m-%d %H:%M:%S} UTC"


class BudgetSpent(Trouble):
    """The paid or monthly allowance is used up. Waiting does not help: buy more or wait for the next
    period.
    """


class OverBudget(Trouble):
    """A call would cost more than the budget that the registry sets. Costs the campaign's further calls:
    raise the budget or wait for its next day or month.
    """


class TokenInvalid(Trouble):
    """The credential was refused: expired, revoked or mistyped. Make a new one and put it into the
    settings.
    """


class PermissionMissing(Trouble):
    """The credential is good but may not see this. Grant the permission, or stop asking for this thing."""


class Gone(Trouble):
    """Deleted, hidden or never there; platforms do not tell these apart. Keep what was read; correct a
    mistyped name.
    """


class MetricWithdrawn(Trouble):
    """The platform no longer gives `metric` (empty when it did not say which). Ask for the others without
    it.
    """

    def __init__(self, platform: str, message: str, metric: str = "") -> None:
        super().__init__(platform, message, metric)
        self.metric = metric


class TooMuchAsked(Trouble):
    """The platform could not put together so large an answer. Ask for half as much."""


class NotOffered(Trouble):
    """The platform does not offer this here; the rest goes on. Told, no failure: nothing was promised that
    is now missing.
    """


class OtherVersion(Trouble):
    """The platform answered in another version than it was asked in. Told, no failure: set the version that
    it serves.
    """


class Unreadable(Trouble):
    """Something else than the promised JSON came back, with HTTP `status` (0 when that does not matter).
    Check that the API URL leads to the platform.
    """

    def __init__(self, platform: str, message: str, status: int = 0) -> None:
        super().__init__(platform, message, status)
        self.status = status


class BadRequest(Trouble):
    """Our bug: the platform did not understand the question. Report it with the message."""


NOT_LISTED = "the rest was not listed; the next run lists it again, report this if it stays so"
"""How the line of a listing that broke off ends."""

ENDS_THE_RUN = (TokenInvalid, BudgetSpent, RateLimited)
"""Troubles that every further call of the same platform would meet too."""


class NotSent(BaseException):
    """A request was not sent, because another that was on its way beside it met what ends both. Only whoever
    began them handles it, and tells what the other met.
    """


class UnusableReference(ValueError):
    """A pasted post or account from which nothing can be asked. `reason` says why, `cure` what to paste
    instead.
    """

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason, cure)
        self.reason = reason
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.reason}; {self.cure}"
