from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import facebook
from connectors.errors import UnusableReference

WWW = "https://www.facebook.com"
PFBID = "pfbid02AbCdEf123"


@pytest.mark.parametrize(
    ("url", "alias"),
    [
        (f"{WWW}/labourparty/videos/123456", "123456"),
        (f"{WWW}/labourparty/videos/123456/", "123456"),
        (f"{WWW}/labourparty/videos/our-wonderful-nhs/123456/?extid=a", "123456"),
        (f"{WWW}/labourparty/videos/vb.25749647410/123456", "123456"),
        (f"{WWW}/labourparty/videos/2019/123456", "123456"),
        (f"{WWW}/watch?v=123456", "123456"),
        (f"{WWW}/watch/?v=123456&ref=sharing", "123456"),
        (f"{WWW}/watch/live/?v=123456", "123456"),
        (f"{WWW}/reel/123456", "123456"),
        (f"{WWW}/reel/123456/?s=single", "123456"),
        (f"{WWW}/video.php?v=123456", "123456"),
        ("https://m.facebook.com/labourparty/videos/123456", "123456"),
        ("https://web.facebook.com/watch/?v=123456", "123456"),
        ("https://mbasic.facebook.com/story.php?story_fbid=222&id=111", "111_222"),
        ("https://en-gb.facebook.com/111/posts/222", "111_222"),
        ("facebook.com/111/posts/222", "111_222"),
        (f"{WWW}/permalink.php?story_fbid=222&id=111", "111_222"),
        (f"{WWW}/permalink.php?id=111&story_fbid={PFBID}", PFBID),
        (f"{WWW}/111/posts/222?__cft__=x#c", "111_222"),
        (f"{WWW}/111/posts/a-title/222", "111_222"),
        (f"{WWW}/111/posts/2019/222", "111_222"),
        (f"{WWW}/LabourParty/posts/222", "labourparty/222"),
        (f"{WWW}/Labour.Party/posts/some-title/222/", "labour.party/222"),
        (f"{WWW}/labourparty/posts/{PFBID}", PFBID),
        (f"{WWW}/labourparty/posts/some-title/{PFBID}", PFBID),
        (f"{WWW}/Some-Page-100012345678901/posts/222", "100012345678901_222"),
        (f"{WWW}/111_222", "111_222"),
    ],
)
def test_a_posts_address_in_any_form_gives_its_alias(url: str, alias: str):
    assert facebook.parse_post_url(url) == alias


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://fb.watch/AbC12/", "fb.watch links hide the post"),
        ("https://fb.me/abc", "fb.me links"),
        (f"{WWW}/share/v/AbC/", "share links hide the post"),
        (f"{WWW}/share/p/AbC/", "share links hide the post"),
        (f"{WWW}/share/123/posts/1", "share links hide the post"),
        (f"{WWW}/photo/?fbid=1&set=a.2", "photo"),
        (f"{WWW}/photo.php?fbid=1", "photo"),
        (f"{WWW}/labourparty/photos/a.1/2", "photo"),
        (f"{WWW}/groups/123/posts/456/", "groups"),
        (f"{WWW}/groups/123/permalink/456/", "groups"),
        (f"{WWW}/labourparty", "Page or profile"),
        (f"{WWW}/stories/1/2", "stories"),
        (f"{WWW}/watch/", "names no post"),
        (f"{WWW}/reel/abc", "names no post"),
        (f"{WWW}/permalink.php?story_fbid=222", "names no post"),
        (f"{WWW}/labourparty/posts/a-title", "names no post"),
        (f"{WWW}/labourparty/videos/", "names no post"),
        (f"{WWW}/", "names no post"),
    ],
)
def test_an_address_of_facebook_without_a_post_is_refused_with_reason_and_cure(url: str, reason: str):
    with pytest.raises(UnusableReference, match=re.escape(reason)) as refused:
        facebook.parse_post_url(url)
    assert "open the post" in refused.value.cure


@pytest.mark.parametrize(
    "url",
    [
        "https://www.facebook.com.example.org/111/posts/222",
        "https://facebook.com@example.org/111/posts/222",
        "https://notfacebook.com/111/posts/222",
    ],
)
def test_an_address_that_only_looks_like_facebook_is_not_ours(url: str):
    assert facebook.parse_post_url(url) is None


@pytest.mark.parametrize("text", ["111_222", "123456", PFBID])
def test_an_alias_is_taken_as_it_is(text: str):
    assert facebook.parse_post_id(f" {text} ") == text


@pytest.mark.parametrize(
    "text", ["", "abc", "111_", "_222", "111_222_333", "1,2", "pfbid", "١_٢", "labourparty/222"]
)
def test_anything_else_is_no_alias(text: str):
    with pytest.raises(UnusableReference):
        facebook.parse_post_id(text)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("labourparty", "labourparty"),
        ("@LabourParty", "LabourParty"),
        (f"{WWW}/LabourParty/", "LabourParty"),
        (f"{WWW}/LabourParty/videos", "LabourParty"),
        ("facebook.com/labour.party?ref=x", "labour.party"),
        (f"{WWW}/profile.php?id=111", "111"),
        (f"{WWW}/pages/Some-Name/111", "111"),
        (f"{WWW}/p/Some-Name-100012345678901/", "100012345678901"),
        ("111", "111"),
    ],
)
def test_a_page_keeps_its_name_and_case(text: str, handle: str):
    assert facebook.parse_handle(text) == handle


@pytest.mark.parametrize(
    "text",
    ["", "@", "two words", "a/b", f"{WWW}/watch/?v=1", f"{WWW}/profile.php", "https://example.org/a", "me?x"],
)
def test_what_cannot_be_a_page_is_refused(text: str):
    with pytest.raises(UnusableReference):
        facebook.parse_handle(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers(text: str):
    for parse in (facebook.parse_post_url, facebook.parse_post_id, facebook.parse_handle):
        for pasted in (text, f"{WWW}/{text}", f"{WWW}/a/posts/{text}", f"{WWW}/watch?v={text}"):
            alias = None
            with suppress(UnusableReference):
                alias = parse(pasted)
            assert alias is None or re.fullmatch(r"[A-Za-z0-9._]+(/[0-9]+)?", alias)
