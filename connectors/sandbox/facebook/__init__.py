"""The sandbox's Facebook face: pages, posts, videos, insights, web addresses and batches of the Graph API;
advertising is in `ads.py`.

Written from the field lists of the vendor's own SDK (26.0.3), the vendor's pages and recorded answers, not
from any client. Where those are silent the choice made here is a guess that a live call may correct: the HTTP
status of an error, the limit of 50 ids, the wording of some messages, how many calls go by before headers of
usage come, that a page which few like has empty days, what `/debug_token` says of an invalid token and of a
page's, and all of `/me/permissions`.

What a reader has to cope with here: a retired version in the path is silently served as the oldest usable
one, and only the header `facebook-api-version` says so; `paging.next` is an absolute address with the token
in it; insights always have a `paging.next`; `shares` is absent at zero; reels are in no list but
`/video_reels`; one bad id or metric fails the whole call; a batch answers 200 whatever happened inside;
slashes are escaped.

Views are shown to people of the page alone. The user token of the sandbox has a role on the pages of both
sides: today's API would hide the rival's views, while the figures of 2019 were public at the time. A page
without a role shows its posts with shares, reactions and comments, and refuses insights, lists of videos and
views.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import orjson

from connectors.sandbox.exchange import Answer, Asked, parse_query
from connectors.sandbox.facebook import ads, insights
from connectors.sandbox.facebook.nodes import Lasting, Passing, Thing, lasting_field, likes, passing_field
from connectors.sandbox.graph_errors import (
    Refused,
    error_answer,
    graph_answer,
    permission_missing,
    refusal,
    unseen,
)
from connectors.sandbox.graph_fields import Field, FieldSyntaxError, parse_fields
from connectors.sandbox.graph_paging import GRAPH, cursor_of, instant_of, limit_of, paging
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import FacebookPost, FacebookVideo, Page, World

PLATFORM = "facebook"
USER_TOKEN = "sandbox-facebook-user-token"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
APP_SECRET = "sandbox-facebook-app-secret"  # noqa: S105
SECRETS = {"FACEBOOK_ACCESS_TOKEN": USER_TOKEN, "FACEBOOK_APP_SECRET": APP_SECRET}
PAGE_TOKEN_PREFIX = "sandbox-page-token-"  # noqa: S105
USER_ID = "10158000000000001"

# Versions in service, oldest first; older ones are answered as the oldest of these.
VERSIONS = ((21, 0), (22, 0), (23, 0), (24, 0), (25, 0), (26, 0))

# Calls an hour before a token is throttled: 200 for each of an app's 30 daily users; 4,800 a day for each of
# a page's engaged.
_APP_CALLS = 200 * 30
_PAGE_CALLS = 4_800 * 500 / 24
# Few calls are not worth a header: that there is none is normal.
_CALLS_BEFORE_USAGE_IS_TOLD = 10
# Pages with fewer likes have no figures by day.
_LEAST_LIKES = 100

_MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the sandbox's person, or a page that the person works on."""

    token: str
    page: Page | None

    def works_on(self, page: Page) -> bool:
        return page.has_role if self.page is None else self.page is page


@dataclass(slots=True)
class _Plan:
    """How one kind of object is shown for one `fields` text; `rendered` keeps what time does not change."""

    lasting: list[tuple[str, Lasting]] = field(default_factory=list)
    passing: list[tuple[str, Passing]] = field(default_factory=list)
    needs_role: bool = False
    insights: tuple[Field, ...] = ()
    gives_token: str | None = None
    rendered: dict[str, dict[str, object]] = field(default_factory=dict)


class FacebookFace:
    """Answers requests below `/facebook`, as graph.facebook.com would. Keeps the counts of calls and nothing
    else.

    `intercept` is asked about every request inside a batch, and may answer in its place: faults use it.
    """

    def __init__(self, world: World, intercept: Callable[[str], Answer | None] = lambda path: None) -> None:
        self._world = world
        self._intercept = intercept
        self._plans: dict[tuple[str, str], _Plan] = {}
        self._calls: dict[tuple[str, int], int] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        try:
            version, path = self._version(asked.path)
        except Refused as refused:
            return error_answer(refused, {})
        headers = {"facebook-api-version": version}
        try:
            parameters = {**asked.query, **(asked.form() if asked.method == "POST" else {})}
            viewer = self._viewer(parameters, asked.headers)
            headers |= self._usage(viewer, path, asked.now)
            body = self._carry_out(asked.method, version, path, parameters, viewer, asked.now)
        except Refused as refused:
            return error_answer(refused, headers)
        except FieldSyntaxError as error:
            return error_answer(refusal(2500, str(error)), headers)
        return graph_answer(200, body, headers)

    # -- who asks, and in which version

    def _version(self, path: str) -> tuple[str, str]:
        """The version served, and the rest of the path."""
        first, _, rest = path.lstrip("/").partition("/")
        named = re.fullmatch(r"v([0-9]{1,3})\.([0-9]{1,2})", first)
        if named is None:
            return f"v{VERSIONS[0][0]}.{VERSIONS[0][1]}", path.strip("/")
        asked = (int(named[1]), int(named[2]))
        if asked > VERSIONS[-1] or (asked > VERSIONS[0] and asked not in VERSIONS):
            raise refusal(2500, f"Unknown path components: /{rest.strip('/')}")
        served = max(asked, VERSIONS[0])
        return f"v{served[0]}.{served[1]}", rest.strip("/")

    def _viewer(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Viewer:
        token = parameters.get("access_token") or headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise refusal(104, "An access token is required to request this resource.")
        viewer = self._known_viewer(token)
        if viewer is None:
            raise refusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if "appsecret_proof" in parameters and parameters["appsecret_proof"] != proof_of(token):
            message = "Invalid appsecret_proof provided in the API argument"
            raise refusal(100, message, kind="GraphMethodException")
        return viewer

    def _known_viewer(self, token: str) -> Viewer | None:
        if token == USER_TOKEN:
            return Viewer(token, None)
        page = (
            self._world.pages.get(token.removeprefix(PAGE_TOKEN_PREFIX))
            if token.startswith(PAGE_TOKEN_PREFIX)
            else None
        )
        return Viewer(token, page) if page is not None and page.has_role else None

    def _usage(self, viewer: Viewer, path: str, now: Moment) -> dict[str, str]:
        """The headers of usage, once a token has made enough calls in the hour: which, hangs on the token and
        on what is asked.
        """
        hour = int(now.epoch // 3_600)
        if len(self._calls) > 64:
            self._calls = {key: count for key, count in self._calls.items() if key[1] == hour}
        used = self._calls[viewer.token, hour] = self._calls.get((viewer.token, hour), 0) + 1
        if viewer.page is None:
            percent = int(100 * used / _APP_CALLS)
            usage = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 2}
            headers = {"x-app-usage": orjson.dumps(usage).decode()}
            if path.startswith("act_"):
                headers |= _ads_usage(path.partition("/")[0], percent)
            refused = refusal(4, "(#4) Application request limit reached", status=403, is_transient=True)
        else:
            percent = int(100 * used / _PAGE_CALLS)
            case = {
                "type": "pages",
                "call_count": percent,
                "total_cputime": percent // 2,
                "total_time": percent // 2,
                "estimated_time_to_regain_access": 0 if percent < 100 else 60 - int(now.epoch % 3_600) // 60,
            }
            headers = {"x-business-use-case-usage": orjson.dumps({viewer.page.id: [case]}).decode()}
            message = (
                "(#80001) There have been too many calls to this Page account. Wait a bit and try again."
            )
            refused = refusal(80001, message)
        if percent >= 100:
            raise Refused(refused.status, refused.error, headers)
        return headers if used > _CALLS_BEFORE_USAGE_IS_TOLD else {}

    # -- routes

    def _carry_out(
        self, method: str, version: str, path: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment
    ) -> object:
        parts = [part for part in path.split("/") if part]
        if method == "POST" and not parts and "batch" in parameters:
            return self._batch(version, parameters, viewer, now)
        if method != "GET":
            raise refusal(
                100, f"Unsupported {method.lower()} request.", subcode=33, kind="GraphMethodException"
            )
        if not parts:
            if "ids" in parameters:
                return self._several(parameters["ids"], parameters, viewer, now)
            if parameters.get("id", "").startswith(("http://", "https://")):
                return self._site(parameters["id"], parameters, now)
            if "id" in parameters:
                return self._show(self._thing(parameters["id"], viewer, now), parameters, viewer, now)
            raise refusal(100, "Unsupported get request. Please read the Graph API documentation", subcode=33)
        if parts == ["debug_token"]:
            return self._debug(parameters)
        if parts[0] in ("me", USER_ID) and viewer.page is None:
            return self._me(parts[1:], version, parameters, viewer)
        if parts[0].startswith("act_"):
            return self._advertising(parts, version, parameters, viewer, now)
        name = viewer.page.id if parts[0] == "me" and viewer.page is not None else parts[0]
        thing = self._thing(name, viewer, now)
        if len(parts) == 1:
            return self._show(thing, parameters, viewer, now)
        if len(parts) == 2:
            return self._edge(thing, parts[1], version, parameters, viewer, now)
        raise refusal(2500, f"Unknown path components: /{'/'.join(parts[2:])}")

    def _thing(self, name: str, viewer: Viewer, now: Moment) -> Thing:
        found = (
            self._world.facebook_post(name, now)
            or self._world.facebook_video(name, now)
            or self._world.page(name)
        )
        if found is None:
            raise unseen(name)
        return found

    def _me(self, rest: Sequence[str], version: str, parameters: Mapping[str, str], viewer: Viewer) -> object:
        if not rest:
            return {"name": "Sandbox", "id": USER_ID}
        if list(rest) == ["permissions"]:
            return {"data": [{"permission": name, "status": "granted"} for name in _PERMISSIONS]}
        if list(rest) != ["accounts"]:
            raise refusal(2500, f"Unknown path components: /{'/'.join(rest)}")
        limit = limit_of(parameters)
        pages = sorted(
            (page for page in self._world.pages.values() if page.has_role), key=lambda page: page.id
        )
        asked = parse_fields(parameters.get("fields", "access_token,category,name,id,tasks"))
        rows: list[tuple[str, dict[str, object]]] = []
        for page in pages:
            shown: dict[str, object] = {}
            for one in asked:
                if one.name == "tasks":
                    shown["tasks"] = [
                        "ADVERTISE",
                        "ANALYZE",
                        "CREATE_CONTENT",
                        "MESSAGING",
                        "MODERATE",
                        "MANAGE",
                    ]
                elif one.name == "access_token":
                    shown["access_token"] = PAGE_TOKEN_PREFIX + page.id
                else:
                    value = lasting_field("page", one)(page)
                    if value is not None:
                        shown[one.shown_as] = value
            shown["id"] = page.id
            rows.append((page.id, shown))
        after = cursor_of(parameters.get("after"))
        start = next((n + 1 for n, (page_id, _) in enumerate(rows) if page_id == after), 0)
        cut = rows[start : start + limit]
        page_links = paging(
            f"{version}/{USER_ID}/accounts",
            parameters,
            viewer.token,
            [page_id for page_id, _ in cut],
            start > 0,
            start + limit < len(rows),
        )
        return {"data": [shown for _, shown in cut], **page_links}

    def _site(self, address: str, parameters: Mapping[str, str], now: Moment) -> object:
        """A web address: what people did with it, zeros where nobody did anything."""
        site = self._world.sites.get(address)
        shown: dict[str, object] = {}
        for one in parse_fields(parameters.get("fields", "id")):
            if one.name == "engagement":
                share = site.growth.share(now) if site else 0.0
                shown["engagement"] = {
                    "reaction_count": site.reactions.at(share, now) if site else 0,
                    "comment_count": site.comments.at(share, now) if site else 0,
                    "share_count": site.shares.at(share, now) if site else 0,
                    "comment_plugin_count": 0,
                }
            elif one.name not in ("id", "og_object", "ownership_permissions", "scopes"):
                raise refusal(
                    100, f"(#100) Tried accessing nonexisting field ({one.name}) on node type (URL)"
                )
        return {**shown, "id": address}

    def _advertising(
        self, parts: Sequence[str], version: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment
    ) -> object:
        """An ad account, for the person alone: a page has none."""
        account = ads.known_account(self._world.ad_accounts, parts[0])
        if viewer.page is not None:
            message = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
            raise refusal(200, message, status=403)
        if len(parts) == 1:
            return {"name": account.name, "account_id": account.id.removeprefix("act_"), "id": account.id}
        if parts[1:] != ["insights"]:
            return ads.estimate(account, "/".join(parts[1:]), parameters)
        rows = ads.reach_rows(account, parameters, now)
        limit, after = limit_of(parameters), cursor_of(parameters.get("after")) or "0"
        start = int(after) if after.isascii() and after.isdigit() else 0
        cut = rows[start : start + limit]
        places = [str(start + n + 1) for n in range(len(cut))]
        path = f"{version}/{account.id}/insights"
        has_more = start + limit < len(rows)
        return {"data": cut, **paging(path, parameters, viewer.token, places, start > 0, has_more)}

    def _debug(self, parameters: Mapping[str, str]) -> object:
        if not parameters.get("input_token"):
            raise refusal(100, "(#100) The parameter input_token is required")
        token = parameters["input_token"]
        seen = self._known_viewer(token)
        if seen is None:
            error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return {"data": {"is_valid": False, "error": error, "scopes": []}}
        data: dict[str, object] = {
            "app_id": "140000000000001",
            # A business's system user, whose tokens do not expire, as those do not that Pages get from it.
            "type": "SYSTEM_USER" if seen.page is None else "PAGE",
            "application": "Sandbox",
            "data_access_expires_at": 0,
            "expires_at": 0,
            "is_valid": True,
            "scopes": list(_PERMISSIONS),
            "granular_scopes": [{"scope": name} for name in _PERMISSIONS],
            "user_id": USER_ID,
        }
        if seen.page is not None:
            data["profile_id"] = seen.page.id
        return {"data": data}

    def _several(self, ids: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment) -> object:
        names = [name.strip() for name in ids.split(",") if name.strip()]
        if not names:
            raise refusal(100, "(#100) Param ids must be non-empty")
        if len(names) > _MOST_IDS:
            raise refusal(100, f"(#100) Too many IDs. Maximum: {_MOST_IDS}. Provided: {len(names)}.")
        return {name: self._show(self._thing(name, viewer, now), parameters, viewer, now) for name in names}

    def _edge(
        self,
        thing: Thing,
        edge: str,
        version: str,
        parameters: Mapping[str, str],
        viewer: Viewer,
        now: Moment,
    ) -> object:
        match thing, edge:
            case Page(), "posts" | "published_posts" | "feed":
                posts = [
                    post
                    for post in self._world.page_posts(thing, now)
                    if not (post.video and post.video.is_reel)
                ]
                return self._list(thing, edge, posts, "post", version, parameters, viewer, now)
            case Page(), "video_reels" | "videos":
                if not viewer.works_on(thing):
                    raise permission_missing("pages_read_engagement")
                kind = parameters.get("type", "uploaded" if edge == "videos" else "").lower()
                if edge == "videos" and kind not in ("uploaded", "tagged"):
                    raise refusal(100, "(#100) Param type must be one of {TAGGED, UPLOADED}")
                wants_reels = edge == "video_reels"
                videos = [
                    post.video
                    for post in self._world.page_posts(thing, now)
                    if post.video and post.video.is_reel == wants_reels and kind != "tagged"
                ]
                return self._list(thing, edge, videos, "video", version, parameters, viewer, now)
            case Page(), "insights":
                return self._insights(
                    thing, thing.id, insights.PAGE_METRICS, edge, version, parameters, viewer, now
                )
            case FacebookPost(), "insights":
                known = insights.metrics_of_post(thing)
                return self._insights(thing, thing.id, known, edge, version, parameters, viewer, now)
            case FacebookVideo(), "video_insights":
                metrics = insights.metrics_of_video(thing)
                return self._insights(thing, thing.id, metrics, edge, version, parameters, viewer, now)
        raise refusal(2500, f"Unknown path components: /{edge}")

    def _list(
        self,
        page: Page,
        edge: str,
        things: Iterable[FacebookPost] | Iterable[FacebookVideo],
        kind: str,
        version: str,
        parameters: Mapping[str, str],
        viewer: Viewer,
        now: Moment,
    ) -> object:
        """One page of a list, newest first; cursors name a place by moment and id, so that new posts do not
        shift it."""
        plan = self._plan(kind, parameters.get("fields"))
        limit = limit_of(parameters)
        since, until = (
            instant_of(parameters.get("since"), "since"),
            instant_of(parameters.get("until"), "until"),
        )
        placed = [
            (_place(thing), thing)
            for thing in things
            if (since is None or _created(thing) >= since) and (until is None or _created(thing) <= until)
        ]
        after, before = cursor_of(parameters.get("after")), cursor_of(parameters.get("before"))
        if after is not None:
            start = next((n for n, (place, _) in enumerate(placed) if place < after), len(placed))
        elif before is not None:
            newer = sum(place > before for place, _ in placed)
            start = max(0, newer - limit)
            limit = min(limit, newer - start) or 1
        else:
            start = 0
        cut = placed[start : start + limit]
        data = [self._render(plan, thing, viewer, now) for _, thing in cut]
        has_more = start + limit < len(placed)
        places = [place for place, _ in cut]
        return {
            "data": data,
            **paging(f"{version}/{page.id}/{edge}", parameters, viewer.token, places, start > 0, has_more),
        }

    def _insights(
        self,
        thing: insights.Thing,
        thing_id: str,
        known: Mapping[str, insights.Metric[insights.Thing]],
        edge: str,
        version: str,
        parameters: Mapping[str, str],
        viewer: Viewer,
        now: Moment,
    ) -> object:
        page = thing if isinstance(thing, Page) else thing.page
        if not viewer.works_on(page):
            raise permission_missing("read_insights", 200 if isinstance(thing, Page) else 10)
        if viewer.page is None:
            message = "A Page access token is required for this call for the new Pages experience."
            raise refusal(190, message, subcode=2069032)
        names = [name for name in parameters.get("metric", "").split(",") if name]
        if not names:
            raise refusal(3001, "(#3001) No metric was specified to be fetched.", subcode=1504028)
        period = parameters.get("period")
        if period is not None and period not in insights.PERIODS:
            raise refusal(
                100, f"(#100) period must be one of the following values: {', '.join(insights.PERIODS)}"
            )
        until = instant_of(parameters.get("until"), "until")
        until = insights.day_end(now.epoch) if until is None else until
        since = instant_of(parameters.get("since"), "since")
        since = insights.day_end(until, -2) if since is None else since
        if until - since > insights.LONGEST_RANGE_S:
            raise refusal(100, "(#100) There cannot be more than 90 days (7776000 s) between since and until")
        if until < since:
            raise refusal(100, "(#100) since param must be before until")
        days = insights.day_ends(since, until, now)
        breakdown = parameters.get("breakdown", "")
        try:
            rows = insights.rows(thing, thing_id, known, names, period, days, now, breakdown)
        except insights.InvalidMetric:
            raise refusal(100, "(#100) The value must be a valid insights metric") from None
        except insights.InvalidBreakdown:
            raise refusal(100, f"(#100) breakdown {breakdown} is not supported for these metrics") from None
        if isinstance(thing, Page) and likes(thing) < _LEAST_LIKES:
            rows = []
        # There is always a next page, also after the last.
        asked = {
            name: value
            for name, value in parameters.items()
            if name not in ("since", "until", "access_token", "appsecret_proof")
        }
        span = int(until - since)
        address = f"{GRAPH}/{version}/{thing_id}/{edge}?"
        links = {
            name: address
            + urlencode(
                {
                    "access_token": viewer.token,
                    **asked,
                    "since": int(since) + move,
                    "until": int(until) + move,
                }
            )
            for name, move in (("previous", -span), ("next", span))
        }
        return {"data": rows, "paging": links}

    def _batch(self, version: str, parameters: Mapping[str, str], viewer: Viewer, now: Moment) -> object:
        try:
            requests = orjson.loads(parameters["batch"])
        except orjson.JSONDecodeError:
            raise refusal(100, "(#100) Param batch must be a JSON array") from None
        if not isinstance(requests, list) or not all(isinstance(request, dict) for request in requests):
            raise refusal(100, "(#100) Param batch must be a JSON array")
        if len(requests) > 50:
            message = "Too many requests in batch message. Maximum batch size is 50"
            raise refusal(100, message, kind="GraphBatchException")
        with_headers = parameters.get("include_headers", "true").lower() not in ("false", "0")
        proof = parameters.get("appsecret_proof")
        return [self._inside(version, request, viewer, now, with_headers, proof) for request in requests]

    def _inside(
        self,
        version: str,
        request: Mapping[str, object],
        viewer: Viewer,
        now: Moment,
        with_headers: bool,
        proof: str | None,
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
            path = (
                address.path
                if address.path.startswith("/v") and "." in address.path[:7]
                else f"/{version}{address.path}"
            )
            answer = self.answer(Asked(str(request.get("method", "GET")).upper(), path, query, {}, b"", now))
        item: dict[str, object] = {"code": answer.status, "body": answer.body.decode()}
        if with_headers:
            item["headers"] = [{"name": name, "value": value} for name, value in answer.headers.items()]
        return item

    # -- what is shown

    def _show(
        self, thing: Thing, parameters: Mapping[str, str], viewer: Viewer, now: Moment
    ) -> dict[str, object]:
        kind = "page" if isinstance(thing, Page) else "post" if isinstance(thing, FacebookPost) else "video"
        return self._render(self._plan(kind, parameters.get("fields")), thing, viewer, now)

    def _plan(self, kind: str, text: str | None) -> _Plan:
        text = (
            text
            or {"page": "name,id", "post": "created_time,message,id", "video": "updated_time,description,id"}[
                kind
            ]
        )
        known = self._plans.get((kind, text))
        if known is not None:
            return known
        plan = _Plan()
        for one in parse_fields(text):
            if one.name == "insights" and kind != "page":
                plan.insights += (one,)
            elif kind == "page" and one.name == "access_token":
                plan.gives_token = one.shown_as
            elif (passing := passing_field(kind, one)) is not None:
                plan.passing.append((one.shown_as, passing))
                plan.needs_role |= kind == "video" and one.name in ("views", "post_views")
            else:
                plan.lasting.append((one.shown_as, lasting_field(kind, one)))
        if len(self._plans) >= 64:
            self._plans.clear()
        self._plans[kind, text] = plan
        return plan

    def _render(self, plan: _Plan, thing: Thing, viewer: Viewer, now: Moment) -> dict[str, object]:
        lasting = plan.rendered.get(thing.id)
        if lasting is None:
            shown = {name: show(thing) for name, show in plan.lasting}
            lasting = {name: value for name, value in shown.items() if value is not None}
            lasting["id"] = thing.id
            plan.rendered[thing.id] = lasting
        if isinstance(thing, Page):
            shown = lasting.copy()
            if plan.gives_token is not None and viewer.works_on(thing):
                shown[plan.gives_token] = PAGE_TOKEN_PREFIX + thing.id
            return shown
        if plan.needs_role and not viewer.works_on(thing.page):
            raise permission_missing("pages_read_engagement")
        shown = lasting.copy()
        share = thing.growth.share(now)
        for name, show_at in plan.passing:
            value = show_at(thing, share, now)
            if value is not None:
                shown[name] = value
        for one in plan.insights:
            nested = {
                "metric": one.modifiers.get("metric", ""),
                **{
                    name: value
                    for name, value in one.modifiers.items()
                    if name in ("period", "since", "until")
                },
            }
            edge = "insights" if isinstance(thing, FacebookPost) else "video_insights"
            answer = self._edge(thing, edge, "v26.0", nested, viewer, now)
            shown[one.shown_as] = answer
        return shown


_PERMISSIONS = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "read_insights",
    "ads_read",
    "public_profile",
)


def proof_of(token: str) -> str:
    """The `appsecret_proof` that belongs to a token."""
    return hmac.new(APP_SECRET.encode(), token.encode(), sha256).hexdigest()


def _ads_usage(account_id: str, percent: int) -> dict[str, str]:
    case = {
        "type": "ads_insights",
        "call_count": percent,
        "total_cputime": percent // 2,
        "total_time": percent // 2,
        "estimated_time_to_regain_access": 0,
        "ads_api_access_tier": "standard_access",
    }
    account = {
        "acc_id_util_pct": float(percent),
        "reset_time_duration": 0,
        "ads_api_access_tier": "standard_access",
    }
    return {
        "x-business-use-case-usage": orjson.dumps({account_id.removeprefix("act_"): [case]}).decode(),
        "x-ad-account-usage": orjson.dumps(account).decode(),
    }


def _created(thing: FacebookPost | FacebookVideo) -> float:
    return thing.created if isinstance(thing, FacebookPost) else thing.post.created


def _place(thing: FacebookPost | FacebookVideo) -> str:
    return f"{_created(thing):.0f}:{thing.id}"


def face(world: World, intercept: Callable[[str], Answer | None]) -> FacebookFace:
    """Facebook's face of a world."""
    return FacebookFace(world, intercept)
