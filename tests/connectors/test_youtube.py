"""YouTube's connector: what it asks, what it makes of answers, and what each trouble costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import youtube
from connectors.asking import AccountDays, Ask, Walk, Wanted
from connectors.errors import BudgetSpent, RateLimited, TokenInvalid, UnusableReference
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

CHANNELS, UPLOADS = "/youtube/v3/channels", "/youtube/v3/playlistItems"
VIDEOS, REPORTS, SIGN_IN = "/youtube/v3/videos", "/v2/reports", "/token"
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
ID = "UC" + "a" * 22
SECRETS = {"client_id": "an-id-12345", "client_secret": "a-secret-12345", "refresh_token": "a-refresh-12345"}
SIGNED_IN = Answer({"access_token": "ya29.learned-token", "expires_in": 3599, "token_type": "Bearer"})
TABLE = Answer({"kind": "youtubeAnalytics#resultTable", "columnHeaders": [], "rows": []})


def video_id(number: int) -> str:
    return f"video-{number:05d}"


def channel(channel_id: str = ID, uploads: str = "UU1") -> dict[str, Any]:
    return {"id": channel_id, "contentDetails": {"relatedPlaylists": {"uploads": uploads}}}


def listed(kind: str, items: list[Any], following: str | None = None) -> Answer:
    more = {} if following is None else {"nextPageToken": following}
    return Answer({"kind": f"youtube#{kind}ListResponse", "items": items, **more})


def uploads(*moments: tuple[int, str | None], following: str | None = None) -> Answer:
    """A page of a channel's uploads: (number of the video, when it was published)."""
    items = [
        {"contentDetails": {"videoId": video_id(number), **({"videoPublishedAt": at} if at else {})}}
        for number, at in moments
    ]
    return listed("playlistItem", items, following)


def every_video(asked: Asked) -> Answer:
    ids = asked.parameters["id"].split(",")
    return listed("video", [{"id": one, "snippet": {"channelId": ID}} for one in ids])


def refusal(code: int, reason: str, **more: object) -> Answer:
    errors = [{"message": "No.", "domain": "youtube", "reason": reason}]
    return Answer({"error": {"code": code, "message": "No.", "errors": errors, **more}}, status=code)


def walk(handle: str | None = "UKLabour", account_id: str | None = None, campaign: str = "c1") -> Walk:
    return Walk(campaign, SINCE, handle, account_id)


def wanted(*ids: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("c1", one) for one in ids)


def days(handle: str = "UKLabour") -> tuple[AccountDays, ...]:
    return (AccountDays("c1", date(2026, 10, 1), date(2026, 10, 31), handle),)


def collect(wire: Wire, *walks: Walk, **more: Any) -> None:
    sign_in = more.pop("sign_in", {})
    youtube.collect(Ask("youtube", walks, **more), wire.session, TOKEN, **sign_in)


# -- addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "http://youtube.com/watch?v=dQw4w9WgXcQ&t=42s&list=PLabc",
        "https://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ",
        "youtu.be/dQw4w9WgXcQ?si=abc",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://youtube.com/live/dQw4w9WgXcQ?feature=share",
        "https://www.youtube.com/embed/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        "https://www.youtube.com/v/dQw4w9WgXcQ",
    ],
)
def test_a_videos_address_in_any_form_gives_its_id(url: str) -> None:
    assert youtube.parse_post_url(url) == "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/playlist?list=PLabc",
        "https://www.youtube.com/@UKLabour",
        "https://www.youtube.com/@UKLabour/videos",
        f"https://www.youtube.com/channel/{ID}",
        "https://www.youtube.com/c/labour",
        "https://www.youtube.com/user/theuklabourparty",
        "https://www.youtube.com/watch",
        "https://www.youtube.com/watch?v=short",
        "https://youtu.be/",
        "https://www.youtube.com/",
        "https://www.youtube.com/results?search_query=labour",
        "https://www.youtube.com/clip/Ugkx",
    ],
)
def test_an_address_of_youtube_without_a_video_is_refused_with_a_cure(url: str) -> None:
    with pytest.raises(UnusableReference) as refused:
        youtube.parse_post_url(url)
    assert refused.value.reason
    assert "paste" in refused.value.cure


def test_an_id_is_eleven_characters() -> None:
    assert youtube.parse_post_id(" D-lhorsDlUQ ") == "D-lhorsDlUQ"
    for text in ("", "D-lhorsDlU", "D-lhorsDlUQQ", "D lhorsDlUQ"):
        with pytest.raises(UnusableReference):
            youtube.parse_post_id(text)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@UKLabour", "UKLabour"),
        ("UKLabour", "UKLabour"),
        ("https://www.youtube.com/@UKLabour/videos", "UKLabour"),
        ("youtube.com/@größe", "größe"),
        ("m.youtube.com/@uk.labour-1/shorts", "uk.labour-1"),
    ],
)
def test_a_channel_is_known_by_its_name(text: str, handle: str) -> None:
    assert youtube.parse_handle(text) == handle


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "https://www.youtube.com/user/labour",
        "https://x.com/@labour",
        "https://youtube.com/channel/12",
    ],
)
def test_what_names_no_channel_is_refused(text: str) -> None:
    with pytest.raises(UnusableReference):
        youtube.parse_handle(text)


@pytest.mark.parametrize("text", [ID, f"https://www.youtube.com/channel/{ID}"])
def test_a_channels_id_is_refused_as_a_handle_with_where_it_belongs(text: str) -> None:
    with pytest.raises(UnusableReference) as refused:
        youtube.parse_handle(text)
    assert refused.value.cure == f'write id = "{ID}" in place of handle'


@given(
    st.sampled_from(
        [
            "https://www.youtube.com/",
            "https://youtu.be/",
            "youtube.com/@",
            "https://m.youtube.com/watch?v=",
            "",
        ]
    ),
    st.text(max_size=30),
)
def test_anything_pasted_is_read_or_refused(beginning: str, text: str) -> None:
    for read in (youtube.parse_post_url, youtube.parse_post_id, youtube.parse_handle):
        with suppress(UnusableReference):
            read(beginning + text)


# -- what is asked


def test_a_channel_is_walked_through_its_uploads_to_its_videos_counters(
    server: Loopback, connect: Connect
) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, uploads((2, "2026-10-20T10:00:00Z"), (1, "2026-10-02T10:00:00Z")))
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, walk())
    [channels, playlist, videos] = server.asked
    assert channels.parameters["forHandle"] == "@uklabour"
    assert playlist.parameters["playlistId"] == "UU1"
    assert playlist.parameters["maxResults"] == "50"
    assert videos.parameters == {
        "part": "statistics,snippet,contentDetails",
        "id": f"{video_id(2)},{video_id(1)}",
        "key": TOKEN,
    }
    assert wire.endpoints() == ["channels", "uploads", "videos"]
    assert wire.session.report.troubles == []


def test_no_row_that_lands_holds_the_key(server: Loopback, connect: Connect) -> None:
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, posts=wanted(video_id(1)))
    assert TOKEN not in json.dumps(wire.rows, default=str)
    assert json.loads(wire.rows[0]["params"])["key"] == "[secret]"


def test_channels_with_ids_are_looked_up_together_and_names_one_by_one(
    server: Loopback, connect: Connect
) -> None:
    ids = ["UC" + letter * 22 for letter in "bc"]

    def channels(asked: Asked) -> Answer:
        named = asked.parameters.get("id", "").split(",") if "id" in asked.parameters else [ID]
        return listed("channel", [channel(one, "UU" + one[2:]) for one in named])

    server.on(CHANNELS, channels)
    server.on(UPLOADS, uploads())
    collect(connect(youtube), walk("@UKLabour"), walk(ids[0]), walk(None, ids[1]), walk("uklabour"))
    asked = [(one.parameters.get("id"), one.parameters.get("forHandle")) for one in server.of(CHANNELS)]
    assert asked == [(",".join(ids), None), (None, "@uklabour")]
    assert len(server.of(UPLOADS)) == 3


def test_uploads_are_walked_until_they_are_older_than_the_walk(server: Loopback, connect: Connect) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(
        UPLOADS,
        uploads((5, "2026-10-20T10:00:00Z"), (4, None), following="p2"),
        # Nothing on a page, and still more to come; then an older one before a newer one.
        uploads(following="p3"),
        uploads((3, "2026-09-01T10:00:00Z"), (2, "2026-10-05T10:00:00Z"), following="p4"),
        uploads((1, "2026-09-30T23:59:59Z"), following="p5"),
    )
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, walk())
    assert [one.parameters.get("pageToken") for one in server.of(UPLOADS)] == [None, "p2", "p3", "p4"]
    assert server.of(VIDEOS)[0].parameters["id"] == f"{video_id(5)},{video_id(2)}"
    assert wire.session.report.troubles == []


def test_a_channel_without_videos_has_no_uploads_to_walk(server: Loopback, connect: Connect) -> None:
    server.on(CHANNELS, listed("channel", [{**channel(), "statistics": {"videoCount": "0"}}]))
    wire = connect(youtube)
    collect(wire, walk())
    assert server.paths() == [CHANNELS]
    assert wire.session.report.troubles == []


def test_a_repeated_page_ends_that_walk_and_keeps_what_it_found(server: Loopback, connect: Connect) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, uploads((5, "2026-10-20T10:00:00Z"), following="p2"))
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, walk())
    assert len(server.of(UPLOADS)) == 2
    assert server.of(VIDEOS)[0].parameters["id"] == video_id(5)
    assert wire.kinds() == ["Unreadable"]


def test_a_list_of_uploads_that_never_ends_is_broken_off(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(youtube, "MOST_PAGES", 5)

    def another(asked: Asked) -> Answer:
        page = int(asked.parameters.get("pageToken", "p0")[1:])
        return uploads((page, "2026-10-20T10:00:00Z"), following=f"p{page + 1}")

    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, another)
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, walk())
    assert len(server.of(UPLOADS)) == 6
    assert wire.kinds() == ["Unreadable"]
    assert wire.session.report.walked == []


def test_a_walk_is_at_its_end_only_when_its_videos_were_read_too(server: Loopback, connect: Connect) -> None:
    other = "UC" + "b" * 22
    server.on(CHANNELS, listed("channel", [channel(), channel(other, "UU2")]))
    server.on(
        UPLOADS,
        uploads(*((number, "2026-10-20T10:00:00Z") for number in range(57))),
        uploads((3, "2026-10-20T10:00:00Z")),
    )

    def second_part_fails(asked: Asked) -> Answer:
        return Answer({}, status=500) if video_id(56) in asked.parameters["id"] else every_video(asked)

    server.on(VIDEOS, second_part_fails)
    wire = connect(youtube)
    walks = walk(None, ID), walk(None, other)
    collect(wire, *walks)
    assert wire.kinds() == ["Transient"]
    assert wire.session.report.walked == [walks[1]]


def test_ids_are_asked_for_once_and_fifty_at_a_time(server: Loopback, connect: Connect) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, uploads((0, "2026-10-20T10:00:00Z"), (0, "2026-10-20T10:00:00Z")))
    server.on(VIDEOS, every_video)
    wire = connect(youtube)
    collect(wire, walk(), posts=wanted(*(video_id(n) for n in range(70)), video_id(3)))
    asked = [one.parameters["id"].split(",") for one in server.of(VIDEOS)]
    assert [len(ids) for ids in asked] == [50, 20]
    assert len(set(asked[0] + asked[1])) == 70
    assert all("maxResults" not in one.parameters for one in server.of(VIDEOS))


def test_a_wanted_video_that_is_not_among_the_items_is_gone(server: Loopback, connect: Connect) -> None:
    server.on(VIDEOS, listed("video", [{"id": video_id(1)}, {"id": video_id(1)}]))
    wire = connect(youtube)
    collect(wire, posts=wanted(video_id(1), video_id(2), "no id"))
    [bad, gone] = wire.session.report.troubles
    assert bad[0] == "BadRequest"
    assert gone[0] == "Gone"
    assert video_id(2) in gone[1]


def test_an_unknown_channel_is_noted_with_its_cure_and_costs_no_other(
    server: Loopback, connect: Connect
) -> None:
    none = Answer({"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0}})
    server.on(CHANNELS, none, listed("channel", [channel()]))
    server.on(UPLOADS, uploads())
    wire = connect(youtube)
    collect(wire, walk("nobody"), walk("uklabour"))
    assert wire.session.report.troubles == [
        (
            "Gone",
            "youtube: no channel @nobody (deleted, suspended or renamed); correct it in the registry",
            1,
        )
    ]
    assert len(server.of(UPLOADS)) == 1


# -- daily reports


def test_an_owner_is_asked_for_days_of_the_channel_and_of_the_videos_read(
    server: Loopback, connect: Connect
) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, uploads((2, "2026-10-20T10:00:00Z")))
    server.on(VIDEOS, every_video)
    server.on(SIGN_IN, SIGNED_IN)
    server.on(REPORTS, TABLE)
    wire = connect(youtube, more_hosts=youtube.MORE_HOSTS, secrets=[TOKEN, *SECRETS.values()])
    collect(wire, walk(), days=days(), sign_in=SECRETS)
    [sign_in] = server.of(SIGN_IN)
    assert (sign_in.method, sign_in.parameters) == ("POST", {**SECRETS, "grant_type": "refresh_token"})
    [of_channel, of_videos] = server.of(REPORTS)
    window = {"ids": f"channel=={ID}", "startDate": "2026-10-01", "endDate": "2026-10-31"}
    metrics = "views,likes,shares,comments,estimatedMinutesWatched,subscribersGained"
    assert of_channel.parameters == {**window, "metrics": metrics, "dimensions": "day"}
    assert of_videos.parameters == {
        **window,
        "metrics": metrics,
        "dimensions": "day,video",
        "filters": f"video=={video_id(2)}",
    }
    assert {one.headers["Authorization"] for one in server.of(REPORTS)} == {"Bearer ya29.learned-token"}
    assert wire.endpoints()[-3:] == ["token", "channel_days", "video_days"]
    landed = json.dumps(wire.rows, default=str)
    assert [one for one in (*SECRETS.values(), "ya29.learned-token") if one in landed] == []


def test_days_are_not_asked_for_without_a_sign_in(server: Loopback, connect: Connect) -> None:
    wire = connect(youtube)
    collect(wire, days=days())
    assert server.asked == []
    assert wire.session.report.troubles == []


def test_a_part_of_a_sign_in_is_told_with_what_is_missing(server: Loopback, connect: Connect) -> None:
    wire = connect(youtube)
    collect(wire, days=days(), sign_in={"client_id": "an-id-12345"})
    [(kind, text, _)] = wire.session.report.troubles
    assert kind == "PermissionMissing"
    assert "YOUTUBE_CLIENT_SECRET and YOUTUBE_REFRESH_TOKEN is not set" in text


@pytest.mark.parametrize(
    ("sign_in", "report"),
    [
        (Answer({"error": "invalid_grant", "error_description": "Revoked."}, status=400), TABLE),
        (Answer({"error": "invalid_client"}, status=401), TABLE),
        (SIGNED_IN, refusal(401, "authError", status="UNAUTHENTICATED")),
        (SIGNED_IN, refusal(403, "insufficientPermissions", status="PERMISSION_DENIED")),
    ],
    ids=["revoked", "unknown client", "refused token", "missing scope"],
)
def test_a_refused_sign_in_costs_the_days_and_no_public_counter(
    server: Loopback, connect: Connect, sign_in: Answer, report: Answer
) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(UPLOADS, uploads((2, "2026-10-20T10:00:00Z")))
    server.on(VIDEOS, every_video)
    server.on(SIGN_IN, sign_in)
    server.on(REPORTS, report)
    wire = connect(youtube, more_hosts=youtube.MORE_HOSTS, secrets=[TOKEN, *SECRETS.values()])
    collect(wire, walk(), days=days(), sign_in=SECRETS)
    assert wire.kinds() == ["PermissionMissing"]
    assert "videos" in wire.endpoints()


def test_of_rivals_alone_nothing_is_missing_when_their_days_are_refused(
    server: Loopback, connect: Connect
) -> None:
    server.on(CHANNELS, listed("channel", [channel()]))
    server.on(SIGN_IN, SIGNED_IN)
    server.on(REPORTS, refusal(403, "forbidden"))
    wire = connect(youtube, more_hosts=youtube.MORE_HOSTS, secrets=[TOKEN, *SECRETS.values()])
    collect(wire, days=[replace(one, is_ours=False) for one in days()], sign_in=SECRETS)
    assert wire.kinds() == ["NotOffered"]


# -- troubles


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(403, "quotaExceeded"), BudgetSpent),
        (refusal(403, "dailyLimitExceeded"), BudgetSpent),
        (refusal(403, "rateLimitExceeded"), RateLimited),
        (refusal(403, "userRateLimitExceeded"), RateLimited),
        (refusal(429, "rateLimitExceeded", status="RESOURCE_EXHAUSTED"), RateLimited),
        (refusal(400, "keyInvalid"), TokenInvalid),
        (refusal(400, "badRequest", details=[{"reason": "API_KEY_INVALID"}]), TokenInvalid),
        (refusal(401, "authError"), TokenInvalid),
    ],
)
def test_what_every_further_call_would_meet_ends_the_run(
    server: Loopback, connect: Connect, answer: Answer, kind: type[Exception]
) -> None:
    server.on(VIDEOS, answer)
    wire = connect(youtube)
    with pytest.raises(kind):
        collect(wire, posts=wanted(*(video_id(n) for n in range(70))))
    if kind is not RateLimited:
        assert len(server.asked) == 1
        assert wire.slept == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(403, "forbidden"), "PermissionMissing"),
        (refusal(403, "accessNotConfigured"), "PermissionMissing"),
        (refusal(404, "playlistNotFound"), "Gone"),
        (refusal(404, "videoNotFound"), "Gone"),
        (refusal(400, "invalidPageToken"), "BadRequest"),
        (refusal(500, "backendError"), "Transient"),
        (Answer("<html>", status=502, content_type="text/html"), "Transient"),
        (Answer("<html>", status=404, content_type="text/html"), "Unreadable"),
        (Answer("false"), "Unreadable"),
        (Answer("{}"), "Unreadable"),
        (Answer({"kind": "youtube#videoListResponse", "items": {}}), "Unreadable"),
        (Answer({"error": "error message"}), "BadRequest"),
    ],
)
def test_what_one_call_meets_costs_that_call(
    server: Loopback, connect: Connect, answer: Answer, kind: str
) -> None:
    def first_part_only(asked: Asked) -> Answer:
        return answer if video_id(0) in asked.parameters["id"] else every_video(asked)

    server.on(VIDEOS, first_part_only)
    wire = connect(youtube)
    collect(wire, posts=wanted(*(video_id(n) for n in range(70))))
    assert wire.kinds() == [kind]
    assert [row["status"] for row in wire.rows][-1] == 200


def test_a_whole_list_without_its_items_is_read(server: Loopback, connect: Connect) -> None:
    server.on(VIDEOS, Answer({"kind": "youtube#videoListResponse"}))
    wire = connect(youtube)
    collect(wire, posts=wanted(video_id(1)))
    assert wire.kinds() == ["Gone"]


# -- against the sandbox


@pytest.fixture(scope="module")
def one_sandbox() -> Iterator[Sandbox]:
    with Sandbox(now=datetime(2019, 12, 5, 9, tzinfo=UTC)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    """The module's sandbox, with nothing going wrong yet."""
    one_sandbox.program()
    return one_sandbox


def run(sandbox: Sandbox, connect: Connect, *, with_days: bool = True) -> Wire:
    """Everything that a run can ask, at 9 o'clock on 5 December 2019."""
    settings = sandbox.settings
    more = {name: settings[setting] for name, setting in youtube.FURTHER_CREDENTIALS.items()}
    wire = connect(
        youtube,
        base_url=settings["YOUTUBE_API_URL"],
        more_hosts=youtube.MORE_HOSTS,
        secrets=[settings["YOUTUBE_API_KEY"], *more.values()],
    )
    since = datetime(2019, 1, 1, tzinfo=UTC)
    names = ("UKLabour", "Conservatives")
    asked_days = tuple(
        AccountDays("c1", date(2019, 11, 25), date(2019, 12, 4), name) for name in names if with_days
    )
    ask = Ask("youtube", tuple(Walk("c1", since, name) for name in names), days=asked_days)
    try:
        youtube.collect(ask, wire.session, settings["YOUTUBE_API_KEY"], **more)
    except (BudgetSpent, RateLimited, TokenInvalid) as trouble:
        wire.session.note(trouble)
    return wire


def test_a_run_of_both_sides_costs_few_units(sandbox: Sandbox, connect: Connect) -> None:
    wire = run(sandbox, connect)
    of_the_data_api = [name for name in wire.endpoints() if name in ("channels", "uploads", "videos")]
    assert len(of_the_data_api) == 5
    # The rival's days are refused, which is told and nothing more.
    assert wire.kinds() == ["NotOffered"]


@pytest.mark.parametrize(
    ("fault", "match", "kinds", "reads_videos"),
    [
        ("quota_exceeded", "/videos", ["BudgetSpent"], False),
        ("token_expired", "/playlistItems", ["TokenInvalid"], False),
        ("rate_limited", "/videos", [], True),
        ("rate_limited_429", "/videos", [], True),
        ("html_502", "/videos", [], True),
        ("truncated_json", "/videos", [], True),
        ("false_200", "/channels", [], True),
        ("empty_200", "/channels", [], True),
        ("duplicate_items", "/playlistItems", [], True),
        ("duplicate_items", "/videos", [], True),
        ("repeated_page", "/playlistItems", ["Unreadable"], True),
        ("gone", "/playlistItems", ["Gone"], True),
        ("forbidden", "/playlistItems", ["PermissionMissing"], True),
        ("invalid_grant", "/token", ["PermissionMissing"], True),
        ("token_expired", "/reports", ["PermissionMissing"], True),
        ("quota_exceeded", "/reports", ["BudgetSpent"], True),
    ],
)
def test_each_fault_of_the_sandbox_costs_what_it_must(
    sandbox: Sandbox, connect: Connect, fault: str, match: str, kinds: list[str], reads_videos: bool
) -> None:
    sandbox.program({"match": match, "fault": fault, "times": 2 if fault == "repeated_page" else 1})
    wire = run(sandbox, connect)
    assert [kind for kind in wire.kinds() if kind != "NotOffered"] == kinds
    videos = [row for row in wire.rows if row["endpoint"] == "videos" and row["status"] == 200]
    assert bool(videos) == reads_videos
