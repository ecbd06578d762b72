"""What the Graph API shows of a page, a post or a video: what lasts, and what changes with time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from connectors.sandbox.exchange import words
from connectors.sandbox.facebook.insights import video_views
from connectors.sandbox.graph_errors import Refused, refusal
from connectors.sandbox.graph_fields import Field
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import REACTIONS, FacebookPost, FacebookVideo, Page

Thing = Page | FacebookPost | FacebookVideo
Lasting = Callable[[Thing], object]
Passing = Callable[[Thing, float, Moment], object]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_POST_NAMES = words(
    """
    actions backdated_time child_attachments created_time event from full_picture height icon id
    is_app_share is_expired is_hidden is_popular is_published is_spherical message message_tags parent_id
    permalink_url picture place privacy promotable_id promotion_status properties scheduled_publish_time
    shares status_type story story_tags subscribed target targeting timeline_visibility updated_time via
    width
    """
)
_VIDEO_NAMES = words(
    """
    ad_breaks backdated_time content_category content_tags created_time custom_labels description
    embed_html embeddable event format from icon id is_crosspost_video is_crossposting_eligible is_episode
    length live_status permalink_url picture place post_id post_views privacy published
    scheduled_publish_time source status title universal_video_id updated_time views
    """
)
_PAGE_NAMES = words(
    """
    about access_token category category_list cover description engagement fan_count followers_count
    founded id instagram_business_account is_published is_verified link location name phone
    talking_about_count username verification_status website were_here_count
    """
)


def _written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def pfbid(post: FacebookPost) -> str:
    """The opaque name that newer permalinks carry in place of a post's id."""
    number = int.from_bytes(blake2b(post.id.encode(), digest_size=44).digest(), "big")
    letters = ""
    while number:
        number, letter = divmod(number, 58)
        letters += _BASE58[letter]
    return f"pfbid0{letters}l"


def permalink(post: FacebookPost) -> str:
    if post.link == "pfbid":
        return f"https://www.facebook.com/{post.page.username}/posts/{pfbid(post)}"
    if post.video is None:
        return f"https://www.facebook.com/{post.page.id}/posts/{post.number}"
    if post.video.is_reel:
        return f"https://www.facebook.com/reel/{post.video.id}/"
    return f"https://www.facebook.com/{post.page.username}/videos/{post.video.id}/"


def _parts(one: Field, everything: Mapping[str, object], usual: Sequence[str]) -> dict[str, object]:
    """The named parts of an object that is itself a field."""
    names = [sub.name for sub in one.subfields] if one.subfields is not None else list(usual)
    for name in names:
        if name not in everything:
            raise refusal(100, f"(#100) Tried accessing nonexisting field ({name})")
    return {name: everything[name] for name in names if everything[name] is not None}


def _attachments(one: Field, post: FacebookPost) -> object:
    if post.kind == "text":
        return None
    video = post.video
    target_id = video.id if video else post.number
    address = permalink(post) if video else f"https://www.facebook.com/photo/?fbid={post.number}"
    parts: dict[str, object] = {
        "description": post.message,
        "media": {
            "image": {"height": 720, "src": f"https://scontent.xx.fbcdn.net/{target_id}.jpg", "width": 1280}
        },
        "media_type": "video" if video else "photo",
        "subattachments": None,
        "target": {"id": target_id, "url": address},
        "title": video.title if video else None,
        "type": "video_inline" if video else "photo",
        "unshimmed_url": address,
        "url": address,
    }
    return {"data": [_parts(one, parts, ("description", "media", "target", "title", "type", "url"))]}


def _from(one: Field, page: Page) -> object:
    return _parts(one, {"name": page.name, "id": page.id, "username": page.username}, ("name", "id"))


def _nonexisting(kind: str, one: Field) -> Refused:
    node = {"page": "Page", "post": "Post", "video": "Video"}[kind]
    return refusal(100, f"(#100) Tried accessing nonexisting field ({one.name}) on node type ({node})")


def lasting_field(kind: str, one: Field) -> Lasting:
    """Shows a field that is the same at every moment; a field that exists but has no value here is shown as
    None, that is, left out."""
    names = {"page": _PAGE_NAMES, "post": _POST_NAMES, "video": _VIDEO_NAMES}[kind]
    if kind == "post" and one.name == "attachments":
        # Asked of a text once, to refuse unknown parts before anything is shown.
        return lambda post: _attachments(one, post) if isinstance(post, FacebookPost) else None
    if one.name not in names:
        raise _nonexisting(kind, one)

    def show(thing: Thing) -> object:
        if one.name == "from" and not isinstance(thing, Page):
            return _from(one, thing.page)
        if isinstance(thing, Page):
            return _PAGE_FIELDS.get(one.name, _absent)(thing)
        if isinstance(thing, FacebookPost):
            return _POST_FIELDS.get(one.name, _absent)(thing)
        return _VIDEO_FIELDS.get(one.name, _absent)(thing)

    return show


def likes(page: Page) -> int:
    """People who like a page; most of its followers do."""
    return page.followers - page.followers // 50


def _absent(thing: object) -> object:
    return None


_PAGE_FIELDS: dict[str, Callable[[Page], object]] = {
    "id": lambda page: page.id,
    "name": lambda page: page.name,
    "username": lambda page: page.username,
    "fan_count": lambda page: likes(page),
    "followers_count": lambda page: page.followers,
    "category": lambda page: "Political organization",
    "is_published": lambda page: True,
    "link": lambda page: f"https://www.facebook.com/{page.username}",
    "verification_status": lambda page: "blue_verified",
}

_POST_FIELDS: dict[str, Callable[[FacebookPost], object]] = {
    "id": lambda post: post.id,
    "created_time": lambda post: _written(post.created),
    "updated_time": lambda post: _written(post.created),
    "message": lambda post: post.message,
    "permalink_url": permalink,
    "status_type": lambda post: {"video": "added_video", "photo": "added_photos"}.get(
        post.kind, "mobile_status_update"
    ),
    "is_published": lambda post: True,
    "is_hidden": lambda post: False,
    "is_expired": lambda post: False,
    "timeline_visibility": lambda post: "normal",
    "full_picture": lambda post: (
        f"https://scontent.xx.fbcdn.net/{post.number}.jpg" if post.kind != "text" else None
    ),
    "privacy": lambda post: {
        "allow": "",
        "deny": "",
        "description": "Public",
        "friends": "",
        "value": "EVERYONE",
    },
}

_VIDEO_FIELDS: dict[str, Callable[[FacebookVideo], object]] = {
    "id": lambda video: video.id,
    "post_id": lambda video: video.post.number,
    "created_time": lambda video: _written(video.post.created),
    "updated_time": lambda video: _written(video.post.created),
    "title": lambda video: video.title,
    "description": lambda video: video.post.message,
    "length": lambda video: video.length_s,
    # Unlike a post's, a video's permalink has no host.
    "permalink_url": lambda video: (
        f"/reel/{video.id}/" if video.is_reel else f"/{video.page.username}/videos/{video.id}/"
    ),
    "status": lambda video: {"video_status": "ready"},
    "published": lambda video: True,
    "is_crosspost_video": lambda video: video.is_crosspost,
    "universal_video_id": lambda video: video.universal_id,
    "embeddable": lambda video: True,
}


def passing_field(kind: str, one: Field) -> Passing | None:
    """Shows a field that changes with time, or None when the field is not one of those."""
    if kind == "page":
        return None
    if kind == "video" and one.name in ("views", "post_views"):
        return lambda video, share, now: video_views(video, now) if isinstance(video, FacebookVideo) else None
    if kind == "post" and one.name == "shares":
        return _shares
    if one.name == "reactions" and kind == "post":
        return _reactions(one)
    if one.name == "likes":
        return _reactions(Field("likes", {**one.modifiers, "type": "LIKE"}, one.subfields))
    if one.name == "comments":
        return _comments(one)
    return None


def _shares(thing: Thing, share: float, now: Moment) -> object:
    count = thing.shares.at(share, now) if isinstance(thing, FacebookPost) else 0
    return {"count": count} if count else None


def _post_of(thing: Thing) -> FacebookPost:
    assert not isinstance(thing, Page)
    return thing if isinstance(thing, FacebookPost) else thing.post


def _reactions(one: Field) -> Passing:
    """Only counts: who reacted is not told, whatever the limit."""
    kind = one.modifiers.get("type")
    if kind not in (None, "NONE", "CARE", *REACTIONS):
        raise refusal(100, f"(#100) Param type must be one of {{NONE, {', '.join(REACTIONS)}, CARE}}")
    has_summary = one.modifiers.get("summary", "false").lower() not in ("false", "0")

    def show(thing: Thing, share: float, now: Moment) -> object:
        if not has_summary:
            return {"data": []}
        post = _post_of(thing)
        share = share if thing is post else post.growth.share(now)
        if kind in REACTIONS:
            return {"data": [], "summary": {"total_count": post.reactions[kind].at(share, now)}}
        if kind == "CARE":
            return {"data": [], "summary": {"total_count": 0}}
        total = 0
        for count in post.reactions.values():
            total += count.at(share, now)
        return {"data": [], "summary": {"total_count": total, "viewer_reaction": "NONE"}}

    return show


def _comments(one: Field) -> Passing:
    """`filter(stream)` counts replies as well; without it, comments of the first level alone."""
    has_summary = one.modifiers.get("summary", "false").lower() not in ("false", "0")
    with_replies = one.modifiers.get("filter", "toplevel") == "stream"

    def show(thing: Thing, share: float, now: Moment) -> object:
        if not has_summary:
            return {"data": []}
        post = _post_of(thing)
        total = post.comments.at(share if thing is post else post.growth.share(now), now)
        counted = total if with_replies else total * 4 // 5
        return {"data": [], "summary": {"order": "ranked", "total_count": counted, "can_comment": True}}

    return show
