"""YouTube: public counters of videos by key, and, with a channel owner's consent, its daily reports.

A look-up takes at most 50 ids and costs one unit of 10,000 a day; a video that is deleted or private is just
not among the items. Counters are numbers written as texts; one that the owner hides is left out. What a
channel uploads stands in a playlist of its own, newest first. Searching is not used: it costs a hundred
times as much.

Daily reports (YouTube Analytics) are for a channel's owner alone, begin and end at midnight Pacific time, and
come two to three days late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.asking import AccountDays, Ask, Walk, in_parts
from connectors.credentials import CredentialHealth
from connectors.errors import (
    NOT_LISTED,
    BadRequest,
    Gone,
    NotOffered,
    PermissionMissing,
    TokenInvalid,
    Unreadable,
)
from connectors.history import CallsFor, History
from connectors.youtube.addresses import (
    CHANNEL_ID,
    VIDEO_ID,
    parse_account_id,
    parse_handle,
    parse_post_id,
    parse_post_url,
)
from connectors.youtube.answers import OAUTH_SETTINGS, items_of, judge, number_in, text_in, told
from connectors.youtube.guide import GUIDE

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession

__all__ = [
    "ACCOUNT_DAYS",
    "API_URL",
    "CREDENTIAL",
    "FURTHER_CREDENTIALS",
    "GUIDE",
    "HISTORY",
    "IN_FLIGHT",
    "MORE_HOSTS",
    "PLATFORM",
    "SDK_URL",
    "collect",
    "credential_health",
    "judge",
    "parse_account_id",
    "parse_handle",
    "parse_post_id",
    "parse_post_url",
]

PLATFORM = "youtube"
CREDENTIAL = "YOUTUBE_API_KEY"
SDK_URL = API_URL = "https://youtube.googleapis.com"
_ANALYTICS = "https://youtubeanalytics.googleapis.com"
_SIGN_IN = "https://oauth2.googleapis.com"
MORE_HOSTS = (_ANALYTICS, _SIGN_IN)
FURTHER_CREDENTIALS = {
    "client_id": "YOUTUBE_CLIENT_ID",
    "client_secret": "YOUTUBE_CLIENT_SECRET",
    "refresh_token": "YOUTUBE_REFRESH_TOKEN",
}

ACCOUNT_DAYS = True
# The quota counts units by the day; no number of calls on their way at once is named (developers.google.com,
# YouTube Data API, "Quota calculator"): a few.
IN_FLIGHT = 4

IDS_PER_REQUEST = 50
ITEMS_PER_PAGE = 50
# Fifty thousand videos: a list that goes on is a mistake.
MOST_PAGES = 1000
# A report takes up to 500 videos in its filter; fewer keep the address and the table short.
VIDEOS_PER_REPORT = 100
# Uploads are listed from the newest on, wherever a walk begins: it is not cut. Reports have no known end
# backwards, and any length; in parts of 90 days, a part that fails costs little.
HISTORY = {
    "walks": History(
        None,
        calls=(
            CallsFor("channels", "subject"),
            CallsFor("uploads", "post", ITEMS_PER_PAGE),
            CallsFor("videos", "post", IDS_PER_REQUEST),
        ),
    ),
    "days": History(
        90,
        zone="America/Los_Angeles",
        settles_after=3,
        is_of_owners=True,
        needs=tuple(FURTHER_CREDENTIALS.values()),
        with_posts=True,
        calls=(
            CallsFor("channels", "subject"),
            CallsFor("videos", "post", IDS_PER_REQUEST),
            CallsFor("token", "window"),
            CallsFor("channel_days", "subject"),
            CallsFor("video_days", "post", VIDEOS_PER_REPORT),
        ),
    ),
}
# An id of the right form; whether there is such a video does not matter.
_NO_VIDEO = "-----------"
_DAY_METRICS = "views,likes,shares,comments,estimatedMinutesWatched,subscribersGained"


@dataclass(frozen=True)
class _Channel:
    id: str
    uploads: str | None


@dataclass
class _Uploads:
    """The videos that a channel's list named, and whether it came to its end."""

    ids: list[str] = field(default_factory=list)
    is_whole: bool = False


def _name_of(wanted: Walk | AccountDays) -> str:
    """One name per channel as the registry gives it: its id, or its handle in lower case behind an @."""
    handle = (wanted.handle or "").removeprefix("@")
    if wanted.account_id:
        return wanted.account_id
    return handle if CHANNEL_ID.fullmatch(handle) else f"@{handle.lower()}"


def _moment(text: str | None) -> datetime | None:
    """A moment as YouTube writes it; None when it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


class _Asker:
    def __init__(self, session: WireSession, key: str) -> None:
        self._session = session
        self._key = key
        # Videos by the channel that they turned out to belong to, in the order of asking.
        self._videos_of: dict[str, list[str]] = {}
        # Videos that an answer told of, if only by leaving them out.
        self._looked_up: set[str] = set()

    def carry_out(self, ask: Ask, sign_in: dict[str, str]) -> None:
        days = ask.days if sign_in else ()
        channels = self._channels([*ask.walks, *days])
        wanted: dict[str, dict[str, bool]] = {}
        taken: set[str] = set()
        walks = [
            (channels[name], walk, _Uploads())
            for name, walk in self._walks(ask.walks).items()
            if name in channels
        ]

        def list_uploads(one: tuple[_Channel, Walk, _Uploads]) -> None:
            channel, walk, uploads = one
            with self._session.costing_only_this():
                # What a list that breaks off did name is looked up all the same.
                for video_id in self._uploads(channel, walk):
                    uploads.ids.append(video_id)
                uploads.is_whole = True

        self._session.side_by_side(list_uploads, walks)
        for _, walk, uploads in walks:
            for video_id in uploads.ids:
                if video_id not in taken:
                    taken.add(video_id)
                    wanted.setdefault(walk.campaign_id, {})[video_id] = False
        for post in ask.posts:
            if not VIDEO_ID.fullmatch(post.alias):
                text = f"youtube: {post.alias!r} is not a video's id; report this"
                self._session.note(BadRequest(PLATFORM, text))
            elif post.alias not in taken:
                taken.add(post.alias)
                wanted.setdefault(post.campaign_id, {})[post.alias] = True
        for campaign_id, videos in wanted.items():
            self._look_up(campaign_id, videos)
        for _, walk, uploads in walks:
            # A list names videos without their counters: a walk is at its end when those are read too.
            if uploads.is_whole and self._looked_up.issuperset(uploads.ids):
                self._session.report.walked.append(walk)
        if days and sign_in:
            self._read_days(days, channels, sign_in)

    # -- public counters

    def _ask(self, resource: str, **parameters: str | int) -> requests.Response:
        return self._session.get(f"{SDK_URL}/youtube/v3/{resource}", params={**parameters, "key": self._key})

    def _walks(self, walks: Iterable[Walk]) -> dict[str, Walk]:
        """Each channel once and from the earliest moment that any campaign needs."""
        found: dict[str, Walk] = {}
        for walk in walks:
            name = _name_of(walk)
            if name not in found or walk.since < found[name].since:
                found[name] = walk
        return found

    def _channels(self, wanted: Iterable[Walk | AccountDays]) -> dict[str, _Channel]:
        """The channels by name; those that there are not are noted."""
        named: dict[str, Walk | AccountDays] = {}
        for one in wanted:
            named.setdefault(_name_of(one), one)
        found: dict[str, _Channel] = {}
        parts = "id,snippet,statistics,contentDetails"

        def look_up(handle: str) -> None:
            with self._session.costing_only_this():
                answer = self._ask("channels", part=parts, forHandle=handle)
                for channel in _channels_in(answer):
                    found[handle] = channel
                self._miss(handle, found)

        for campaign_id in dict.fromkeys(one.campaign_id for one in named.values()):
            mine = [name for name, one in named.items() if one.campaign_id == campaign_id]
            with self._session.asking("channels", campaign_id):
                for ids in in_parts([name for name in mine if name[:1] != "@"], IDS_PER_REQUEST):
                    with self._session.costing_only_this():
                        answer = self._ask("channels", part=parts, id=",".join(ids))
                        found |= {channel.id: channel for channel in _channels_in(answer)}
                        for name in ids:
                            self._miss(name, found)
                self._session.side_by_side(look_up, [name for name in mine if name[:1] == "@"])
        return found

    def _miss(self, name: str, found: dict[str, _Channel]) -> None:
        if name not in found:
            text = f"youtube: no channel {name} (deleted, suspended or renamed); correct it in the registry"
            self._session.note(Gone(PLATFORM, text))

    def _uploads(self, channel: _Channel, walk: Walk) -> Iterator[str]:
        """The ids of the videos that a channel published at or after the walk's beginning."""
        if channel.uploads is None:
            return
        tokens: set[str] = set()
        token: str | None = None
        with self._session.asking("uploads", walk.campaign_id):
            while True:
                more = {} if token is None else {"pageToken": token}
                answer = self._ask(
                    "playlistItems",
                    part="contentDetails",
                    playlistId=channel.uploads,
                    maxResults=ITEMS_PER_PAGE,
                    **more,
                )
                oldest: datetime | None = None
                for item in items_of(answer):
                    video_id = told(item, "contentDetails", "videoId")
                    published = _moment(told(item, "contentDetails", "videoPublishedAt"))
                    # What is private or deleted keeps its place in the list and loses its date.
                    if video_id is None or published is None:
                        continue
                    oldest = published
                    if published >= walk.since and VIDEO_ID.fullmatch(video_id):
                        yield video_id
                token = text_in(answer, "nextPageToken")
                if token is None or (oldest is not None and oldest < walk.since):
                    return
                if token in tokens or len(tokens) >= MOST_PAGES:
                    fault = "repeat a page" if token in tokens else "do not end"
                    text = f"youtube: the uploads of {walk.handle or channel.id} {fault}, so {NOT_LISTED}"
                    raise Unreadable(PLATFORM, text)
                tokens.add(token)

    def _look_up(self, campaign_id: str, videos: dict[str, bool]) -> None:
        """Reads videos; the value says whether one is missed when it is not there."""

        def look_up(ids: list[str]) -> None:
            with self._session.costing_only_this():
                answer = self._ask("videos", part="statistics,snippet,contentDetails", id=",".join(ids))
                shown: set[str] = set()
                for item in items_of(answer):
                    video_id, channel_id = told(item, "id"), told(item, "snippet", "channelId")
                    if video_id is not None and video_id not in shown:
                        shown.add(video_id)
                        self._videos_of.setdefault(channel_id or "", []).append(video_id)
                self._looked_up.update(ids)
                for video_id in ids:
                    if videos[video_id] and video_id not in shown:
                        text = f"youtube: video {video_id} is deleted, private or was never there"
                        self._session.note(Gone(PLATFORM, f"{text}; check it in the registry"))

        with self._session.asking("videos", campaign_id):
            self._session.side_by_side(look_up, in_parts(list(videos), IDS_PER_REQUEST))

    # -- daily reports

    def _read_days(
        self, days: Iterable[AccountDays], channels: dict[str, _Channel], sign_in: dict[str, str]
    ) -> None:
        """Asked last, so that nothing that goes wrong here can cost a public counter."""
        [first, *_] = days
        refused: list[tuple[AccountDays, str, PermissionMissing]] = []
        answered = 0
        bearer: dict[str, str] = {}

        def read(one: AccountDays) -> None:
            nonlocal answered
            channel = channels.get(_name_of(one))
            if channel is None:
                return
            with self._session.costing_only_this():
                try:
                    self._read_channel_days(one, channel, bearer)
                    answered += 1
                except PermissionMissing as trouble:
                    refused.append((one, one.handle or channel.id, trouble))

        try:
            with self._session.costing_only_this():
                bearer = self._bearer(first.campaign_id, sign_in)
                self._session.side_by_side(read, days)
        except TokenInvalid as trouble:
            # The sign-in is not the key: the key read everything public just now.
            self._session.note(PermissionMissing(PLATFORM, trouble.message))
        for one, name, refusal in refused:
            text = f"youtube: no daily reports of {name}, which only its owner is given ({refusal.message})"
            # Rivals' are never given; when none of ours are, the sign-in is not that of an owner.
            is_missed = one.is_ours and not answered
            self._session.note((PermissionMissing if is_missed else NotOffered)(PLATFORM, text))

    def _bearer(self, campaign_id: str, sign_in: dict[str, str]) -> dict[str, str]:
        """The header of a signed-in request. Raises PermissionMissing when the sign-in is refused."""
        with self._session.asking("token", campaign_id):
            return {"Authorization": f"Bearer {_signed_in(self._session, sign_in)}"}

    def _read_channel_days(self, days: AccountDays, channel: _Channel, bearer: dict[str, str]) -> None:
        """The days of a channel, and of its videos that this run read. Raises PermissionMissing when the
        sign-in is not its owner's.
        """

        def report(**parameters: str) -> None:
            window = {"startDate": days.first_day.isoformat(), "endDate": days.last_day.isoformat()}
            # Named by its id, not as MINE: the answer does not say whose days it tells.
            asked = {"ids": f"channel=={channel.id}", **window, "metrics": _DAY_METRICS}
            self._session.get(f"{_ANALYTICS}/v2/reports", params={**asked, **parameters}, headers=bearer)

        with self._session.asking("channel_days", days.campaign_id):
            report(dimensions="day")
        with self._session.asking("video_days", days.campaign_id):
            for ids in in_parts(self._videos_of.get(channel.id, []), VIDEOS_PER_REPORT):
                with self._session.costing_only_this():
                    report(dimensions="day,video", filters=f"video=={','.join(ids)}")


def _signed_in(session: WireSession, sign_in: dict[str, str]) -> str:
    """An access token for an hour; the refresh token stays as it is. Raises PermissionMissing when the
    sign-in is refused.
    """
    answer = session.post(f"{_SIGN_IN}/token", data={**sign_in, "grant_type": "refresh_token"})
    token = text_in(answer, "access_token")
    if token is None:
        raise PermissionMissing(PLATFORM, f"youtube: Google's sign-in gave no token; check {OAUTH_SETTINGS}")
    # Told only of consents that were given for a time.
    session.lives_for(FURTHER_CREDENTIALS["refresh_token"], number_in(answer, "refresh_token_expires_in"))
    return token


def _channels_in(answer: requests.Response) -> list[_Channel]:
    found = []
    for item in items_of(answer):
        channel_id = told(item, "id")
        if channel_id is not None:
            uploads = told(item, "contentDetails", "relatedPlaylists", "uploads")
            # Of a channel without videos there is no list, and asking for it is answered with 404.
            is_empty = told(item, "statistics", "videoCount") == "0"
            found.append(_Channel(channel_id, None if is_empty else uploads))
    return found


def collect(
    ask: Ask,
    session: WireSession,
    credential: str,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    refresh_token: str | None = None,
    **_options: object,
) -> None:
    """Lists the uploads of the channels to walk, reads their counters and those of the wanted videos, and,
    with all three parts of a sign-in, the owners' daily reports.

    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted.
    """
    given = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
    sign_in = {name: value for name, value in given.items() if value}
    if ask.days and 0 < len(sign_in) < len(given):
        missing = " and ".join(FURTHER_CREDENTIALS[name] for name in given if name not in sign_in)
        text = f"youtube: no daily reports, {missing} is not set; set all of {OAUTH_SETTINGS}, or none"
        session.note(PermissionMissing(PLATFORM, text))
    _Asker(session, credential).carry_out(ask, sign_in if len(sign_in) == len(given) else {})


def credential_health(
    session: WireSession,
    credential: str,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    refresh_token: str | None = None,
    **_options: object,
) -> CredentialHealth:
    """Whether the platform takes the key, for one unit of its 10,000, and the sign-in, where there is one.
    Raises Trouble.
    """
    session.get(f"{SDK_URL}/youtube/v3/videos", params={"part": "id", "id": _NO_VIDEO, "key": credential})
    if client_id and client_secret and refresh_token:
        sign_in = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
        try:
            _signed_in(session, sign_in)
        except PermissionMissing as refused:
            return CredentialHealth(is_valid=True, told=refused.message)
    return CredentialHealth(is_valid=True)
