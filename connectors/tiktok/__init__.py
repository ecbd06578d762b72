"""TikTok: lifetime counters of the videos of one's own account, through the Display API v2.

The API shows the public videos of the account whose token asks, and of no other; there are no daily figures
and no mentions. Every answer has an `error` object: its code is "ok" when all is well. Videos are listed
newest first, 20 at a time; a video says in seconds when it was made, the list's cursor is in milliseconds.
A look-up takes at most 20 ids and leaves out what it does not show.

An access token lives for a day. With the app's key, its secret and a refresh token, a refused token is
renewed once a run.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.asking import Ask, Walk, in_parts
from connectors.credentials import CredentialHealth, OwnAccount
from connectors.errors import (
    NOT_LISTED,
    BadRequest,
    Gone,
    NotOffered,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.history import CallsFor, History
from connectors.tiktok.addresses import VIDEO_ID, parse_handle, parse_post_id, parse_post_url
from connectors.tiktok.guide import GUIDE

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession

__all__ = [
    "ACCOUNTS_BY_HANDLE_ONLY",
    "API_URL",
    "CREDENTIAL",
    "FURTHER_CREDENTIALS",
    "GUIDE",
    "HISTORY",
    "IN_FLIGHT",
    "PLATFORM",
    "SDK_URL",
    "collect",
    "credential_health",
    "judge",
    "own_accounts",
    "parse_handle",
    "parse_post_id",
    "parse_post_url",
]

PLATFORM = "tiktok"
# A video says whose it is by the name in its address alone.
ACCOUNTS_BY_HANDLE_ONLY = True
CREDENTIAL = "TIKTOK_ACCESS_TOKEN"
SDK_URL = API_URL = "https://open.tiktokapis.com"
FURTHER_CREDENTIALS = {
    "client_key": "TIKTOK_CLIENT_KEY",
    "client_secret": "TIKTOK_CLIENT_SECRET",
    "refresh_token": "TIKTOK_REFRESH_TOKEN",
}

# TikTok tells no limits in its answers: so many calls in so many seconds.
CALLS = (600, 60.0)
# No number of calls on their way at once is named (developers.tiktok.com, "Rate limits"): a few.
IN_FLIGHT = 4
IDS_PER_REQUEST = 20
VIDEOS_PER_PAGE = 20
# Only the list has a past: no figure is told by day.
HISTORY = {
    "walks": History(calls=(CallsFor("user", "window"), CallsFor("list", "post", VIDEOS_PER_PAGE))),
}
# Twenty thousand videos: a list that goes on is a mistake.
MOST_PAGES = 1000
_VIDEO_FIELDS = "id,create_time,share_url,title,duration,view_count,like_count,comment_count,share_count"
_USER_FIELDS = "open_id,display_name,username,follower_count"

_NAME_IN_ADDRESS = re.compile(r"/@([^/?#]+)")
# The method or the function is not there; asking again does not bring it.
_NOT_IMPLEMENTED = (405, 501)


def _document(response: requests.Response) -> object:
    try:
        document: object = response.json()
    except (ValueError, RecursionError):
        return None
    return document


def _trouble_of(code: str, said: str, status: int) -> Trouble:
    """What an error means, by its code, then by the status."""
    told = f"{code}: {said}" if said else code
    match code:
        case "access_token_invalid" | "invalid_grant" | "invalid_client":
            settings = ", ".join(FURTHER_CREDENTIALS.values())
            cure = f"make a new one and set {CREDENTIAL}, or set {settings} to have it renewed"
            return TokenInvalid(PLATFORM, f"tiktok: the token was refused ({told}); {cure}")
        case "scope_not_authorized" | "scope_permission_missed":
            cure = "let the account's owner grant the app that scope"
            return PermissionMissing(PLATFORM, f"tiktok: not allowed ({told}); {cure}")
        case "rate_limit_exceeded":
            return RateLimited(PLATFORM, f"tiktok: asked too often ({told}); start again later")
        case "internal_error":
            return Transient(PLATFORM, f"tiktok: the platform failed ({told}); try again later")
    by_status = {401: "access_token_invalid", 403: "scope_not_authorized", 429: "rate_limit_exceeded"}
    if status in by_status:
        return _trouble_of(by_status[status], told, status)
    if status >= 500 and status not in _NOT_IMPLEMENTED:
        return _trouble_of("internal_error", told, status)
    if status in (404, 410):
        return Gone(PLATFORM, f"tiktok: not found ({told}); check the names and numbers in the registry")
    return BadRequest(PLATFORM, f"tiktok: the request was not understood ({told}); report this")


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of TikTok means; None when it is what was asked for.

    An error beside status 200 is one, unless its code is "ok".
    """
    status, document = response.status_code, _document(response)
    if isinstance(document, dict):
        error = document.get("error")
        if isinstance(error, dict) and isinstance(error.get("code"), str) and error["code"] != "ok":
            return _trouble_of(error["code"], str(error.get("message") or "")[:300], status)
        if isinstance(error, str) and error:
            # The sign-in answers in OAuth's own shape.
            return _trouble_of(error, str(document.get("error_description") or "")[:300], status)
        if status < 400 and isinstance(error, dict) and isinstance(document.get("data"), dict):
            return None
        if status < 400 and isinstance(document.get("access_token"), str):
            return None
    if status in (401, 403, 429) or status == 408 or (status >= 500 and status not in _NOT_IMPLEMENTED):
        return _trouble_of("internal_error" if status == 408 else "", f"status {status}", status)
    text = f"tiktok: the answer ({status}) is not the promised JSON; check TIKTOK_API_URL"
    return Unreadable(PLATFORM, text, status)


def _data(response: requests.Response) -> dict[str, Any]:
    document = _document(response)
    data = document.get("data") if isinstance(document, dict) else None
    return data if isinstance(data, dict) else {}


def _videos(response: requests.Response) -> list[dict[str, Any]]:
    videos = _data(response).get("videos")
    return [video for video in videos if isinstance(video, dict)] if isinstance(videos, list) else []


def _created(video: dict[str, Any]) -> datetime | None:
    seconds = video.get("create_time")
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
    except (ValueError, OverflowError, OSError):
        return None


class _Asker:
    def __init__(self, session: WireSession, token: str, renewal: dict[str, str]) -> None:
        self._session = session
        self._token = token
        self._renewal = renewal
        self._is_renewing = False
        # The names under which the registry may know the token's account, in lower case.
        self._own_names: set[str] = set()
        self._seen: set[str] = set()

    def carry_out(self, ask: Ask) -> None:
        campaigns = [*(walk.campaign_id for walk in ask.walks), *(post.campaign_id for post in ask.posts)]
        if not campaigns:
            return
        self._introduce(campaigns[0])
        with self._session.costing_only_this():
            self._walk(ask.walks)
        wanted: dict[str, dict[str, None]] = {}
        for post in ask.posts:
            if not VIDEO_ID.fullmatch(post.alias):
                text = f"tiktok: {post.alias!r} is not a video's number; report this"
                self._session.note(BadRequest(PLATFORM, text))
            elif post.alias not in self._seen:
                self._seen.add(post.alias)
                wanted.setdefault(post.campaign_id, {})[post.alias] = None
        for campaign_id, ids in wanted.items():
            self._look_up(campaign_id, list(ids))

    # -- the token

    def _ask(
        self, campaign_id: str, method: str, path: str, fields: str, body: dict[str, object] | None = None
    ) -> requests.Response:
        """One call, with a renewed token when this one is refused and can be renewed."""
        url, parameters = f"{SDK_URL}{path}", {"fields": fields}
        token = self._token
        try:
            return self._session.request(
                method, url, params=parameters, json=body, headers={"Authorization": f"Bearer {token}"}
            )
        except TokenInvalid:
            self._session.wait_until(lambda: not self._is_renewing)
            if token == self._token:
                if not self._renewal:
                    raise
                self._renew(campaign_id)
        return self._session.request(
            method, url, params=parameters, json=body, headers={"Authorization": f"Bearer {self._token}"}
        )

    def _renew(self, campaign_id: str) -> None:
        """Makes a new access token, once a run. Raises TokenInvalid when that is refused too."""
        renewal, self._renewal = self._renewal, {}
        self._is_renewing = True
        try:
            with self._session.asking("token", campaign_id):
                answer = self._session.post(
                    f"{SDK_URL}/v2/oauth/token/", data={**renewal, "grant_type": "refresh_token"}
                )
        finally:
            self._is_renewing = False
        document = _document(answer)
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not isinstance(document, dict):
            raise TokenInvalid(PLATFORM, f"tiktok: the sign-in gave no token; check {CREDENTIAL}")
        self._token = token
        if document.get("refresh_token", renewal["refresh_token"]) != renewal["refresh_token"]:
            text = "tiktok: the sign-in gave out another refresh token, which is not kept"
            cure = "if the next one is refused, make a new one and set TIKTOK_REFRESH_TOKEN"
            self._session.note(NotOffered(PLATFORM, f"{text}; {cure}"))
        else:
            self._session.lives_for(FURTHER_CREDENTIALS["refresh_token"], document.get("refresh_expires_in"))

    # -- what is asked

    def _introduce(self, campaign_id: str) -> None:
        """Learns whose token this is, and how many follow."""
        with self._session.asking("user", campaign_id):
            try:
                user = _data(self._ask(campaign_id, "GET", "/v2/user/info/", _USER_FIELDS)).get("user")
            except PermissionMissing as trouble:
                text = "tiktok: the account's name and followers are not shown without the scopes"
                cure = "grant user.info.profile and user.info.stats to have them"
                self._session.note(NotOffered(PLATFORM, f"{text} ({trouble.message}); {cure}"))
                return
            except (BadRequest, Gone, Transient, Unreadable) as trouble:
                self._session.note(trouble)
                return
        if isinstance(user, dict):
            names = (user.get("username"), user.get("open_id"))
            self._own_names = {name.lower() for name in names if isinstance(name, str) and name}

    def _walk(self, walks: tuple[Walk, ...]) -> None:
        """Lists the account's videos as far back as any walk of it needs. Raises what ends the listing."""
        # Without the account's name, the listing has to say whose it is.
        mine = [walk for walk in walks if not self._own_names or self._is_own(walk)]
        if mine:
            earliest = min(mine, key=lambda walk: walk.since)
            with self._session.asking("list", earliest.campaign_id), self._session.walking(earliest):
                self._list(earliest)
        others = [walk for walk in walks if self._own_names and not self._is_own(walk)]
        for name in dict.fromkeys(walk.handle or walk.account_id for walk in others):
            text = f"tiktok: {name} is not the token's account, and others' videos are not shown"
            self._session.note(NotOffered(PLATFORM, f"{text}; set watch = false in the registry"))

    def _is_own(self, walk: Walk) -> bool:
        names = {name.removeprefix("@").lower() for name in (walk.handle, walk.account_id) if name}
        return not names.isdisjoint(self._own_names)

    def _list(self, walk: Walk) -> None:
        cursors: set[int] = set()
        body: dict[str, object] = {"max_count": VIDEOS_PER_PAGE}
        if walk.until is not None:
            body["cursor"] = int(walk.until.timestamp() * 1000)
        while True:
            answer = self._ask(walk.campaign_id, "POST", "/v2/video/list/", _VIDEO_FIELDS, body)
            oldest: datetime | None = None
            for video in _videos(answer):
                self._seen.add(str(video.get("id")))
                oldest = _created(video) or oldest
                found = _NAME_IN_ADDRESS.search(str(video.get("share_url")))
                if found and not self._own_names:
                    self._own_names = {found[1].lower()}
            data = _data(answer)
            if data.get("has_more") is not True or (oldest is not None and oldest < walk.since):
                return
            cursor = data.get("cursor")
            if not isinstance(cursor, int) or cursor in cursors or len(cursors) >= MOST_PAGES:
                fault = "does not end" if len(cursors) >= MOST_PAGES else "repeats a page"
                text = f"tiktok: the list of videos {fault}, so {NOT_LISTED}"
                raise Unreadable(PLATFORM, text)
            cursors.add(cursor)
            body = {"max_count": VIDEOS_PER_PAGE, "cursor": cursor}

    def _look_up(self, campaign_id: str, ids: list[str]) -> None:
        def look_up(some: list[str]) -> None:
            with self._session.costing_only_this():
                body: dict[str, object] = {"filters": {"video_ids": some}}
                answer = self._ask(campaign_id, "POST", "/v2/video/query/", _VIDEO_FIELDS, body)
                shown = {str(video.get("id")) for video in _videos(answer)}
                for video_id in some:
                    if video_id not in shown:
                        text = f"tiktok: video {video_id} is deleted, private or another account's"
                        self._session.note(Gone(PLATFORM, f"{text}; check it in the registry"))

        with self._session.asking("query", campaign_id):
            self._session.side_by_side(look_up, in_parts(ids, IDS_PER_REQUEST))


def collect(
    ask: Ask,
    session: WireSession,
    credential: str,
    *,
    client_key: str | None = None,
    client_secret: str | None = None,
    refresh_token: str | None = None,
    **_options: object,
) -> None:
    """Lists the videos of the token's account and looks up the wanted videos that were not among them.

    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted.
    """
    given = {"client_key": client_key, "client_secret": client_secret, "refresh_token": refresh_token}
    renewal = {name: value for name, value in given.items() if value}
    _Asker(session, credential, renewal if len(renewal) == len(given) else {}).carry_out(ask)


def credential_health(
    session: WireSession,
    credential: str,
    *,
    client_key: str | None = None,
    client_secret: str | None = None,
    refresh_token: str | None = None,
    **_options: object,
) -> CredentialHealth:
    """Whether the platform takes the access token: one call. It is not renewed, because the sign-in may give
    out another refresh token with it. Raises Trouble.
    """
    try:
        session.get(
            f"{SDK_URL}/v2/user/info/",
            params={"fields": "open_id"},
            headers={"Authorization": f"Bearer {credential}"},
        )
    except TokenInvalid:
        if not (client_key and client_secret and refresh_token):
            raise
        return CredentialHealth(told="tiktok: the access token has died, the next collect renews it")
    return CredentialHealth(is_valid=True)


def own_accounts(session: WireSession, credential: str, **_options: object) -> tuple[OwnAccount, ...]:
    """The account whose token it is; its name is told with the scope user.info.profile alone. Raises
    Trouble.
    """
    try:
        user = _own_user(session, credential, "open_id,display_name,username")
    except PermissionMissing:
        user = _own_user(session, credential, "open_id,display_name")
    handle = str(user.get("username") or "")
    name = f"@{handle}" if handle else str(user.get("display_name") or "")
    return (OwnAccount(str(user.get("open_id", "")), name, handle),)


def _own_user(session: WireSession, credential: str, fields: str) -> dict[str, Any]:
    answer = session.get(
        f"{SDK_URL}/v2/user/info/",
        params={"fields": fields},
        headers={"Authorization": f"Bearer {credential}"},
    )
    user = _data(answer).get("user")
    return user if isinstance(user, dict) else {}
