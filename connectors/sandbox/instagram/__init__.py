"""The sandbox's Instagram face: media, stories, insights and business discovery of the Graph API, by both
doors.

Written from the field lists of the vendor's own SDK (26.0.3), the vendor's pages, others' reports of them and
recorded answers, not from any client. Where those are silent the choice made here is a guess that a live call
may correct: the HTTP status of an error; that `view_count` is shown of reels alone; that insights of a medium
are empty for its first ten minutes; how much later account insights arrive; the wording for an unknown
metric, for a metric without `metric_type=total_value` and for a split that a metric does not have; that
discovery is an unknown field to a token of Instagram Login; what `/debug_token` says of an invalid token.

That a window from D+1 00:00 to D+2 00:00 UTC is answered with the day D that ends at midnight US Pacific is a
third party's statement.

What a reader has to cope with here: a metric that a product type does not have fails the whole call; missing
data is an empty list, not 0; business discovery pages inside `business_discovery.media.paging`, whose last
page names no `after`; likes are absent where they are hidden; stories are there for a day and have no
insights while fewer than five have seen them; slashes are escaped.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import orjson

from connectors.sandbox.exchange import Answer, Asked, parse_query, words
from connectors.sandbox.graph_errors import Refused, error_answer, graph_answer, refusal, unseen
from connectors.sandbox.graph_fields import Field, FieldSyntaxError, parse_fields
from connectors.sandbox.growth import DAY_S, Count, Moment
from connectors.sandbox.instagram.world import Account, InstagramWorld, Medium, shipped_instagram_world
from connectors.sandbox.world import World

PLATFORM = "instagram"
USER_TOKEN = "sandbox-instagram-user-token"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
APP_SECRET = "sandbox-instagram-app-secret"  # noqa: S105
SECRETS = {"INSTAGRAM_ACCESS_TOKEN": USER_TOKEN, "INSTAGRAM_APP_SECRET": APP_SECRET}
PAGE_TOKEN_PREFIX = "sandbox-instagram-page-token-"  # noqa: S105
# Of Instagram Login: knows one account and no Page.
LOGIN_TOKEN = "IGAA-sandbox-instagram-login-token"  # noqa: S105
LOGIN_HANDLE = "uklabour"
USER_ID = "10158000000000002"
# A Page of the same person on which no Instagram account hangs.
BARE_PAGE = ("440219985008", "A Page without Instagram")

_PERMISSIONS = (
    "instagram_basic",
    "instagram_manage_insights",
    "pages_show_list",
    "pages_read_engagement",
    "public_profile",
)

_PACIFIC = ZoneInfo("America/Los_Angeles")
# Calls an hour before a token is throttled: 4,800 a day for each of an account's impressions (few, here); 200
# for each of an app's 30 daily users.
_CALLS = 4_800 * 50 / 24
_APP_CALLS = 200 * 30
_MOST_ROWS = 100
_MOST_IDS = 50
_FIRST_INSIGHTS_S = 600.0
_LATE_S = 12 * 3_600.0
_KEPT_DAYS = 90
_FEWEST_VIEWERS = 5

_MEDIA_NAMES = words(
    """
    alt_text audio_id boost_eligibility_info caption comments_count copyright_check_information
    has_poll has_slider id ig_id is_ai_generated is_comment_enabled is_shared_to_feed
    legacy_instagram_media_id like_count media_audio_type media_product_type media_type media_url owner
    permalink reposts_count saved_count shares_count shortcode thumbnail_url timestamp
    total_comments_count total_like_count total_views_count username video_title view_count
    """
)
_USER_NAMES = words(
    """
    biography followers_count follows_count has_profile_pic id ig_id is_published
    legacy_instagram_user_id media_count name owner_business profile_picture_url username website
    """
)
_DISCOVERED_NAMES = words(
    """
    caption comments_count id like_count media_product_type media_type media_url owner permalink
    timestamp username view_count
    """
)

MEDIA_METRICS: dict[str, frozenset[str]] = {
    "FEED": words(
        "views reach likes comments saved shares reposts total_interactions follows profile_visits"
    ),
    "REELS": words(
        """
        views reach likes comments saved shares reposts total_interactions ig_reels_avg_watch_time
        ig_reels_video_view_total_time
        """
    ),
    "STORY": words("views reach replies navigation shares"),
}
# The vendor's list (SDK 26.0.3), `impressions` in it though it was removed.
_KNOWN_METRICS = words(
    """
    comments crossposted_views facebook_views follows ig_reels_avg_watch_time
    ig_reels_video_view_total_time impressions likes link_clicks navigation profile_activity profile_visits
    reach reels_skip_rate replies reposts saved shares total_comments total_interactions total_likes
    total_views views
    """
)
ACCOUNT_METRICS = words(
    """
    reach views accounts_engaged total_interactions likes comments shares saves replies reposts
    profile_links_taps
    """
)
_SPLIT_METRICS = words("reach views total_interactions likes comments shares saves")
_SPLIT_NAMES = {"VIDEO": "REEL", "IMAGE": "POST", "CAROUSEL_ALBUM": "CAROUSEL_CONTAINER"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the sandbox's person (no account), somebody's Page, or a log-in of Instagram."""

    token: str
    account: Account | None
    is_login: bool = False

    def owns(self, account: Account) -> bool:
        return account.is_own and self.account in (None, account)


class InstagramFace:
    """Answers requests below `/instagram`, as graph.facebook.com and graph.instagram.com would. Keeps the
    counts of calls and nothing else.

    `intercept` is asked about every request inside a batch, and may answer in its place: faults use it.
    """

    def __init__(self, world: InstagramWorld, intercept: Callable[[str], Answer | None]) -> None:
        self._world = world
        self._intercept = intercept
        self._calls: dict[tuple[str, int], int] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        first, _, rest = asked.path.lstrip("/").partition("/")
        version = first if re.fullmatch(r"v[0-9]{1,3}\.[0-9]{1,2}", first) else "v21.0"
        path = rest if version == first else asked.path
        headers = {"facebook-api-version": version}
        try:
            parameters = {**asked.query, **(asked.form() if asked.method == "POST" else {})}
            viewer = self._viewer(parameters, asked.headers)
            headers |= self._usage(viewer, asked.now)
            body = self._carry_out(asked.method, version, path, parameters, viewer, asked.now)
        except Refused as refused:
            return error_answer(refused, headers)
        except FieldSyntaxError as error:
            return error_answer(refusal(2500, str(error)), headers)
        return graph_answer(200, body, headers)

    # -- who asks

    def _viewer(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Viewer:
        token = parameters.get("access_token") or headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise refusal(104, "An access token is required to request this resource.")
        viewer = self._known_viewer(token)
        if "appsecret_proof" in parameters and parameters["appsecret_proof"] != proof_of(token):
            message = "Invalid appsecret_proof provided in the API argument"
            raise refusal(100, message, kind="GraphMethodException")
        return viewer

    def _known_viewer(self, token: str) -> Viewer:
        if token == USER_TOKEN:
            return Viewer(token, None)
        if token == LOGIN_TOKEN:
            return Viewer(token, self._world.account(LOGIN_HANDLE), is_login=True)
        for account in self._world.accounts.values():
            if account.is_own and token == PAGE_TOKEN_PREFIX + account.page:
                return Viewer(token, account)
        raise refusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)

    def _usage(self, viewer: Viewer, now: Moment) -> dict[str, str]:
        hour = int(now.epoch // 3_600)
        if len(self._calls) > 64:
            self._calls = {key: count for key, count in self._calls.items() if key[1] == hour}
        used = self._calls[viewer.token, hour] = self._calls.get((viewer.token, hour), 0) + 1
        percent = int(100 * used / (_APP_CALLS if viewer.account is None else _CALLS))
        usage: dict[str, object] = {
            "call_count": percent,
            "total_time": percent // 2,
            "total_cputime": percent // 2,
        }
        if viewer.account is None:
            headers = {"x-app-usage": orjson.dumps(usage).decode()}
            refused = refusal(4, "(#4) Application request limit reached", status=403, is_transient=True)
        else:
            wait = 0 if percent < 100 else 60 - int(now.epoch % 3_600) // 60
            case = {"type": "instagram", **usage, "estimated_time_to_regain_access": wait}
            headers = {"x-business-use-case-usage": orjson.dumps({viewer.account.id: [case]}).decode()}
            refused = refusal(80002, "(#80002) There have been too many calls to this Instagram account.")
        if percent >= 100:
            raise Refused(refused.status, refused.error, headers)
        return headers

    # -- routes

    def _carry_out(
        self, method: str, version: str, path: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment
    ) -> object:
        parts = [part for part in path.split("/") if part]
        if method == "POST" and not parts and "batch" in parameters and not viewer.is_login:
            return self._batch(version, parameters, viewer, now)
        if method != "GET":
            raise refusal(
                100, f"Unsupported {method.lower()} request.", subcode=33, kind="GraphMethodException"
            )
        if not parts and "ids" in parameters:
            names = [name.strip() for name in parameters["ids"].split(",") if name.strip()]
            if not names:
                raise refusal(100, "(#100) Param ids must be non-empty")
            if len(names) > _MOST_IDS:
                raise refusal(100, f"(#100) Too many IDs. Maximum: {_MOST_IDS}. Provided: {len(names)}.")
            return {name: self._node(name, parameters, viewer, now) for name in names}
        if not parts:
            raise refusal(100, "Unsupported get request. Please read the Graph API documentation", subcode=33)
        if parts == ["debug_token"] and not viewer.is_login:
            return self._debug(parameters)
        if parts[0] == "me" or (parts[0] == USER_ID and viewer.account is None):
            return self._me(parts[1:], version, parameters, viewer)
        if len(parts) == 1:
            return self._node(parts[0], parameters, viewer, now)
        if len(parts) > 2:
            raise refusal(2500, f"Unknown path components: /{'/'.join(parts[2:])}")
        return self._edge(parts[0], parts[1], version, parameters, viewer, now)

    def _me(self, rest: Sequence[str], version: str, parameters: Mapping[str, str], viewer: Viewer) -> object:
        asked = parse_fields(parameters.get("fields", "id,name"))
        if viewer.account is not None and not rest:
            if not viewer.is_login:
                return self._page(viewer.account, asked, viewer)
            login_id = f"9{viewer.account.id[1:]}"
            shown = {
                "id": login_id,
                "user_id": viewer.account.id,
                "username": viewer.account.handle,
                "name": viewer.account.name,
            }
            return {one.name: shown[one.name] for one in asked if one.name in shown} | {"id": shown["id"]}
        if viewer.account is not None:
            raise _nonexisting(rest[0], "Page")
        if not rest:
            for one in asked:
                if one.name not in ("id", "name"):
                    raise _nonexisting(one.name, "User")
            return {"name": "Sandbox", "id": USER_ID}
        if list(rest) != ["accounts"]:
            raise refusal(2500, f"Unknown path components: /{'/'.join(rest)}")
        rows: list[tuple[str, dict[str, object]]] = [
            (account.page, self._page(account, asked, viewer))
            for account in self._world.accounts.values()
            if account.is_own
        ]
        bare: dict[str, object] = {"id": BARE_PAGE[0], "name": BARE_PAGE[1]}
        names = {one.name for one in asked}
        bare = {name: value for name, value in bare.items() if name in names}
        if "access_token" in names:
            bare["access_token"] = PAGE_TOKEN_PREFIX + BARE_PAGE[0]
        rows = sorted([*rows, (BARE_PAGE[0], {**bare, "id": BARE_PAGE[0]})])
        return self._cut(rows, f"{version}/{USER_ID}/accounts", parameters, viewer)

    def _debug(self, parameters: Mapping[str, str]) -> object:
        """What is known of a token: a business's system user's, or one that a Page got from it."""
        if not parameters.get("input_token"):
            raise refusal(100, "(#100) The parameter input_token is required")
        try:
            seen = self._known_viewer(parameters["input_token"])
        except Refused:
            error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return {"data": {"is_valid": False, "error": error, "scopes": []}}
        return {
            "data": {
                "app_id": "140000000000002",
                "type": "SYSTEM_USER" if seen.account is None else "PAGE",
                "application": "Sandbox",
                "data_access_expires_at": 0,
                "expires_at": 0,
                "is_valid": True,
                "scopes": list(_PERMISSIONS),
                "granular_scopes": [{"scope": name} for name in _PERMISSIONS],
                "user_id": USER_ID,
            }
        }

    def _page(self, account: Account, asked: Iterable[Field], viewer: Viewer) -> dict[str, object]:
        """A Page as far as it leads to its Instagram account."""
        shown: dict[str, object] = {}
        for one in asked:
            match one.name:
                case "name":
                    shown["name"] = account.name
                case "access_token":
                    shown["access_token"] = PAGE_TOKEN_PREFIX + account.page
                case "instagram_business_account":
                    shown[one.name] = self._user(
                        account, one.subfields or parse_fields("id"), viewer, Moment.at(0)
                    )
                case "id" | "category" | "tasks":
                    continue
                case _:
                    raise _nonexisting(one.name, "Page")
        return {**shown, "id": account.page}

    def _account(self, name: str, viewer: Viewer) -> Account | None:
        account = self._world.accounts.get(name)
        return account if account is not None and viewer.owns(account) else None

    def _medium(self, name: str, viewer: Viewer, now: Moment) -> Medium | None:
        medium = self._world.medium(name, now)
        return medium if medium is not None and viewer.owns(medium.account) else None

    def _node(self, name: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment) -> object:
        asked = parse_fields(parameters.get("fields", "id"))
        account = self._account(name, viewer)
        if account is not None:
            return self._user(account, asked, viewer, now)
        medium = self._medium(name, viewer, now)
        if medium is not None:
            return _shown(medium, asked, now)
        page = next((one for one in self._world.accounts.values() if one.page == name), None)
        if page is not None and viewer.owns(page) and not viewer.is_login:
            return self._page(page, asked, viewer)
        raise unseen(name)

    def _user(
        self, account: Account, asked: Iterable[Field], viewer: Viewer, now: Moment
    ) -> dict[str, object]:
        shown: dict[str, object] = {}
        for one in asked:
            if one.name == "business_discovery" and not viewer.is_login:
                shown[one.name] = self._discovered(one, now)
            elif one.name not in _USER_NAMES:
                raise _nonexisting(one.name, "IGUser")
            else:
                value = _about(account, one.name, now)
                if value is not None:
                    shown[one.shown_as] = value
        return {**shown, "id": account.id}

    def _discovered(self, asked: Field, now: Moment) -> dict[str, object]:
        """Another account by its name: public figures, and its media with a paging of their own."""
        handle = asked.modifiers.get("username", "")
        account = self._world.account(handle)
        if account is None:
            raise refusal(
                110,
                f"Invalid user id: cannot find an Instagram account with the username {handle}",
                error_user_title="Cannot find User",
            )
        shown: dict[str, object] = {}
        for one in asked.subfields or parse_fields("id"):
            if one.name == "media":
                shown["media"] = self._discovered_media(account, one, now)
            elif one.name not in _USER_NAMES:
                raise _nonexisting(one.name, "ShadowIGUser")
            elif (value := _about(account, one.name, now)) is not None:
                shown[one.shown_as] = value
        return {**shown, "id": account.id}

    def _discovered_media(self, account: Account, asked: Field, now: Moment) -> dict[str, object]:
        fields = asked.subfields or parse_fields("id")
        for one in fields:
            if one.name not in _DISCOVERED_NAMES:
                raise _nonexisting(one.name, "ShadowIGMedia")
        media = [medium for medium in reversed(account.media) if medium.is_there(now)]
        after, limit = _cursor(asked.modifiers.get("after")), _limit(asked.modifiers)
        start = next((n for n, medium in enumerate(media) if after is None or _place(medium) < after), None)
        rows = [] if start is None else media[start : start + limit]
        cursors: dict[str, str] = {}
        if rows and after is not None:
            cursors["before"] = _written(_place(rows[0]))
        if rows and start is not None and start + limit < len(media):
            cursors["after"] = _written(_place(rows[-1]))
        shown = [_shown(medium, fields, now, is_own=False) for medium in rows]
        return {"data": shown, **({"paging": {"cursors": cursors}} if cursors else {})}

    def _edge(
        self,
        name: str,
        edge: str,
        version: str,
        parameters: Mapping[str, str],
        viewer: Viewer,
        now: Moment,
    ) -> object:
        account, medium = self._account(name, viewer), self._medium(name, viewer, now)
        if account is not None and edge in ("media", "stories"):
            things = account.media if edge == "media" else account.stories
            since, until = _epoch(parameters, "since"), _epoch(parameters, "until")
            fields = parse_fields(parameters.get("fields", "id"))
            for one in fields:
                if one.name not in _MEDIA_NAMES:
                    raise _nonexisting(one.name, "IGMedia")
            rows = [
                (_place(thing), thing)
                for thing in reversed(things)
                if thing.is_there(now)
                and (since is None or thing.created >= since)
                and (until is None or thing.created <= until)
            ]
            page = f"{version}/{account.id}/{edge}"
            return self._cut(
                rows, page, parameters, viewer, lambda thing: _shown(thing, fields, now), is_descending=True
            )
        if account is not None and edge == "insights":
            return _account_insights(account, version, parameters, viewer, now)
        if medium is not None and edge == "insights":
            return _media_insights(medium, parameters, now)
        if account is None and medium is None:
            raise unseen(name)
        raise refusal(2500, f"Unknown path components: /{edge}")

    def _cut(
        self,
        rows: Sequence[tuple[str, object]],
        page: str,
        parameters: Mapping[str, str],
        viewer: Viewer,
        show: Callable[[Medium], object] | None = None,
        *,
        is_descending: bool = False,
    ) -> dict[str, object]:
        """One page of rows, each under a place by which cursors name it."""
        after, limit = _cursor(parameters.get("after")), _limit(parameters)
        start = 0
        if after is not None:
            start = next(
                (
                    n
                    for n, (place, _) in enumerate(rows)
                    if (place < after if is_descending else place > after)
                ),
                len(rows),
            )
        some = rows[start : start + limit]
        data = [show(row) if show and isinstance(row, Medium) else row for _, row in some]
        if not some:
            return {"data": data}
        cursors = {"before": _written(some[0][0]), "after": _written(some[-1][0])}
        paging: dict[str, object] = {"cursors": cursors}
        if start + limit < len(rows):
            host = "https://graph.instagram.com" if viewer.is_login else "https://graph.facebook.com"
            asked = {
                name: value
                for name, value in parameters.items()
                if name not in ("access_token", "appsecret_proof", "after")
            }
            query = {"access_token": viewer.token, "pretty": "0", **asked, "after": cursors["after"]}
            paging["next"] = f"{host}/{page}?" + urlencode(query)
        return {"data": data, "paging": paging}

    def _batch(self, version: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment) -> object:
        try:
            requests = orjson.loads(parameters["batch"])
        except orjson.JSONDecodeError:
            raise refusal(100, "(#100) Param batch must be a JSON array") from None
        if not isinstance(requests, list) or not all(isinstance(request, dict) for request in requests):
            raise refusal(100, "(#100) Param batch must be a JSON array")
        if len(requests) > _MOST_IDS:
            message = "Too many requests in batch message. Maximum batch size is 50"
            raise refusal(100, message, kind="GraphBatchException")
        proof = parameters.get("appsecret_proof")
        return [self._inside(version, request, viewer, now, proof) for request in requests]

    def _inside(
        self, version: str, request: Mapping[str, object], viewer: Viewer, now: Moment, proof: str | None
    ) -> dict[str, object] | None:
        """One request of a batch; None (JSON null) is what a fault makes of one that ran out of time."""
        relative = str(request.get("relative_url", ""))
        answer = self._intercept(relative)
        if answer is not None and answer.status == 0:
            return None
        if answer is None:
            address = urlsplit("/" + relative.lstrip("/"))
            query = parse_query(address.query)
            if query.setdefault("access_token", viewer.token) == viewer.token and proof:
                query.setdefault("appsecret_proof", proof)
            path = address.path if re.match(r"/v[0-9]+\.", address.path) else f"/{version}{address.path}"
            answer = self.answer(Asked(str(request.get("method", "GET")).upper(), path, query, {}, b"", now))
        return {"code": answer.status, "body": answer.body.decode()}


# -- what is shown


def proof_of(token: str) -> str:
    """The `appsecret_proof` that belongs to a token."""
    return hmac.new(APP_SECRET.encode(), token.encode(), sha256).hexdigest()


def _nonexisting(name: str, node: str) -> Refused:
    return refusal(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")


def _about(account: Account, name: str, now: Moment) -> object:
    match name:
        case "id":
            return account.id
        case "username":
            return account.handle
        case "name":
            return account.name
        case "followers_count":
            return account.followers
        case "media_count":
            return sum(medium.is_there(now) for medium in account.media)
    return None


_COUNTERS = ("views", "likes", "comments", "saved", "shares", "reposts")


def _counted(medium: Medium, now: Moment) -> dict[str, int]:
    return {name: _media_value(medium, name, now) for name in _COUNTERS}


def _permalink(medium: Medium) -> str:
    if medium.product == "STORY":
        return f"https://www.instagram.com/stories/{medium.account.handle}/{medium.id}"
    return f"https://www.instagram.com/{'reel' if medium.product == 'REELS' else 'p'}/{medium.shortcode}/"


def _shown(medium: Medium, asked: Iterable[Field], now: Moment, *, is_own: bool = True) -> dict[str, object]:
    counted = _counted(medium, now)
    is_reel = medium.product == "REELS"
    everything: dict[str, object] = {
        "id": medium.id,
        "caption": medium.caption,
        "media_type": medium.kind,
        "media_product_type": medium.product,
        "media_url": f"https://scontent.cdninstagram.com/{medium.id}",
        "permalink": _permalink(medium),
        "shortcode": medium.shortcode,
        "timestamp": datetime.fromtimestamp(medium.created, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "username": medium.account.handle,
        "owner": {"id": medium.account.id},
        "is_comment_enabled": True,
        "comments_count": counted["comments"],
    }
    if is_own or not medium.hides_likes:
        everything["like_count"] = counted["likes"]
    if is_reel:
        everything["view_count"] = counted["views"]
    if is_own and medium.product != "STORY":
        everything |= {f"{name}_count": counted[name] for name in ("saved", "shares", "reposts")}
        everything |= {"total_like_count": counted["likes"], "total_comments_count": counted["comments"]}
        if is_reel:
            everything["total_views_count"] = counted["views"]
    shown: dict[str, object] = {}
    for one in asked:
        if one.name not in _MEDIA_NAMES:
            raise _nonexisting(one.name, "IGMedia")
        if one.name in everything:
            shown[one.shown_as] = everything[one.name]
    return {**shown, "id": medium.id}


# -- insights


def _media_value(medium: Medium, name: str, now: Moment) -> int:
    share = medium.growth.share(now)
    if name in _COUNTERS:
        counter: Count = getattr(medium, name)
        return counter.at(share, now)
    if name == "total_interactions":
        counted = _counted(medium, now)
        return sum(counted[part] for part in ("likes", "comments", "saved", "shares"))
    views = medium.views.at(share, now)
    match name:
        case "reach":
            return int(views * 0.71)
        case "follows":
            return views // 900
        case "profile_visits":
            return views // 140
        case "replies":
            return views // 350
        case "navigation":
            return int(views * 1.3)
        case "ig_reels_avg_watch_time":
            return 6_400 if views else 0
        case "ig_reels_video_view_total_time":
            return views * 6_400
    return 0


def _metrics(parameters: Mapping[str, str]) -> list[str]:
    names = [name for name in parameters.get("metric", "").split(",") if name]
    if not names:
        raise refusal(3001, "(#3001) No metric was specified to be fetched.", subcode=1504028)
    return names


def _unknown_metric(names: Sequence[str], known: frozenset[str]) -> None:
    for n, name in enumerate(names):
        if name not in known:
            listed = ", ".join(sorted(known))
            raise refusal(100, f"(#100) metric[{n}] must be one of the following values: {listed}")


def _media_insights(medium: Medium, parameters: Mapping[str, str], now: Moment) -> dict[str, object]:
    names = _metrics(parameters)
    _unknown_metric(names, _KNOWN_METRICS)
    unsupported = [name for name in names if name not in MEDIA_METRICS[medium.product]]
    if unsupported:
        which = f"{', '.join(unsupported)} metric{'s' if len(unsupported) > 1 else ''}"
        message = f"(#100) The Media Insights API does not support the {which} for this media product type."
        raise refusal(100, message)
    reach = _media_value(medium, "reach", now)
    if medium.product == "STORY" and reach < _FEWEST_VIEWERS:
        raise refusal(10, "(#10) Not enough viewers for the media to show insights")
    if now.epoch < medium.created + _FIRST_INSIGHTS_S:
        return {"data": []}
    return {
        "data": [
            {
                "name": name,
                "period": "lifetime",
                "values": [{"value": _media_value(medium, name, now)}],
                "title": name.replace("_", " ").capitalize(),
                "description": name.replace("_", " "),
                "id": f"{medium.id}/insights/{name}/lifetime",
            }
            for name in names
        ]
    }


def _account_total(media: Iterable[Medium], name: str, now: Moment) -> int:
    """What an account's media have gained up to a moment; `reach` and `accounts_engaged` as if nobody came
    twice in a day.
    """
    total = 0
    for medium in media:
        if medium.created > now.epoch:
            continue
        match name:
            case "saves":
                total += _media_value(medium, "saved", now)
            case "accounts_engaged":
                total += int(_media_value(medium, "total_interactions", now) * 0.8)
            case "profile_links_taps":
                total += _media_value(medium, "views", now) // 2_500
            case "replies":
                total += _media_value(medium, "replies", now) if medium.product == "STORY" else 0
            case _:
                total += _media_value(medium, name, now)
    return total


def _midnight(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, tzinfo=_PACIFIC).timestamp()


def _account_insights(
    account: Account, version: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment
) -> dict[str, object]:
    names = _metrics(parameters)
    _unknown_metric(names, ACCOUNT_METRICS)
    if parameters.get("period") != "day":
        raise refusal(100, "(#100) period must be one of the following values: day")
    if parameters.get("metric_type") != "total_value":
        listed = ", ".join(names)
        raise refusal(
            100, f"(#100) The following metrics ({listed}) should be specified with metric_type=total_value"
        )
    split = parameters.get("breakdown", "")
    without = [name for name in names if name not in _SPLIT_METRICS]
    if split and (split != "media_product_type" or without):
        raise refusal(
            100,
            f"(#100) The breakdown {split} is not supported for the metrics {', '.join(without or names)}",
        )
    until = _epoch(parameters, "until")
    until = now.epoch if until is None else until
    since = _epoch(parameters, "since")
    since = until - DAY_S if since is None else since
    if until < since:
        raise refusal(100, "(#100) since param must be before until")
    if since < now.epoch - (_KEPT_DAYS + 1) * DAY_S:
        raise refusal(100, f"(#100) since must lie within the last {_KEPT_DAYS} days")
    # The whole windows of a day that were asked for, as the Pacific days that they are answered with.
    window = datetime.fromtimestamp(since, UTC)
    first = window.replace(hour=0, minute=0, second=0, microsecond=0)
    if first < window:
        first += timedelta(days=1)
    days = max(0, int((until - first.timestamp()) // DAY_S))
    begin, end = first - timedelta(days=1), first + timedelta(days=days - 1)
    begins = _midnight(begin.year, begin.month, begin.day)
    ends = _midnight(end.year, end.month, end.day)
    seen = Moment.at(min(ends, now.epoch - _LATE_S))
    everything = [*account.media, *account.stories]
    rows: list[dict[str, object]] = []
    if days and seen.epoch > begins and any(medium.created < seen.epoch for medium in everything):
        before = Moment.at(begins)

        def gained(media: Iterable[Medium], name: str) -> int:
            some = list(media)
            return _account_total(some, name, seen) - _account_total(some, name, before)

        for name in names:
            total: dict[str, object] = {"value": gained(everything, name)}
            if split:
                kinds: dict[str, list[Medium]] = {}
                for medium in everything:
                    kind = "STORY" if medium.product == "STORY" else _SPLIT_NAMES[medium.kind]
                    kinds.setdefault(kind, []).append(medium)
                results = [
                    {"dimension_values": [kind], "value": value}
                    for kind, media in sorted(kinds.items())
                    if (value := gained(media, name))
                ]
                total["breakdowns"] = [{"dimension_keys": [split], "results": results}]
            rows.append(
                {
                    "name": name,
                    "period": "day",
                    "title": name.replace("_", " ").capitalize(),
                    "description": name.replace("_", " "),
                    "total_value": total,
                    "id": f"{account.id}/insights/{name}/day",
                }
            )
    asked = {
        name: value
        for name, value in parameters.items()
        if name not in ("since", "until", "access_token", "appsecret_proof")
    }
    span = int(until - since)
    address = f"https://graph.facebook.com/{version}/{account.id}/insights?"
    paging = {
        name: address
        + urlencode(
            {"access_token": viewer.token, **asked, "since": int(since) + move, "until": int(until) + move}
        )
        for name, move in (("previous", -span), ("next", span))
    }
    return {"data": rows, "paging": paging}


# -- parameters and cursors


def _place(medium: Medium) -> str:
    return f"{medium.created:.0f}:{medium.id}"


def _limit(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", "25")
    if not (text.isascii() and text.isdigit()):
        raise refusal(100, "(#100) Param limit must be an integer")
    if int(text[:9]) > _MOST_ROWS:
        raise refusal(100, f"(#100) The limit parameter must be at most {_MOST_ROWS}")
    return max(1, int(text))


def _epoch(parameters: Mapping[str, str], name: str) -> float | None:
    """Epoch seconds, of this century or so; None when not given."""
    text = parameters.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise refusal(100, f"(#100) Invalid parameter: {name} is not a time")
    return float(text)


def _written(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _cursor(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, UnicodeEncodeError):
        raise refusal(100, "(#100) Invalid parameter: the cursor is not valid") from None


def face(world: World, intercept: Callable[[str], Answer | None]) -> InstagramFace:
    """Instagram's face; its world is its own, whatever the others show."""
    return InstagramFace(shipped_instagram_world(), intercept)
