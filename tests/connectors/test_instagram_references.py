from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import instagram
from connectors.errors import UnusableReference

WWW = "https://www.instagram.com"
CODE = "CSr71Gzlqo4"


@pytest.mark.parametrize(
    "url",
    [
        f"{WWW}/p/{CODE}",
        f"{WWW}/p/{CODE}/",
        f"{WWW}/p/{CODE}/?igsh=MzRlODBiNWFlZA==&img_index=2",
        f"{WWW}/reel/{CODE}/?utm_source=ig_web_copy_link",
        f"{WWW}/reels/{CODE}/",
        f"{WWW}/tv/{CODE}/",
        f"{WWW}/uklabour/p/{CODE}/",
        f"{WWW}/uklabour/reel/{CODE}/?igsh=a",
        f"{WWW}/uk.labour_/reel/{CODE}#c",
        f"{WWW}/p/{CODE}/embed/captioned/",
        f"http://instagram.com/p/{CODE}",
        f"instagram.com/p/{CODE}",
        f"https://m.instagram.com/p/{CODE}/",
        f"https://instagr.am/p/{CODE}/",
        f"HTTPS://WWW.Instagram.COM/P/{CODE}/",
    ],
)
def test_a_posts_address_in_any_form_gives_its_code(url: str):
    assert instagram.parse_post_url(url) == CODE


def test_the_codes_case_and_signs_are_kept():
    assert instagram.parse_post_url(f"{WWW}/p/B_a-Cd9xZq1/") == "B_a-Cd9xZq1"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"{WWW}/stories/uklabour/2190000000000000000/", "stories and highlights"),
        (f"{WWW}/stories/highlights/17900000000000000/", "stories and highlights"),
        (f"{WWW}/s/aGlnaGxpZ2h0?story_media_id=1", "stories and highlights"),
        (f"{WWW}/share/reel/BAabc/", "share links hide the post"),
        (f"{WWW}/reels/audio/123456789/", "a sound"),
        (f"{WWW}/uklabour/", "names an account"),
        (f"{WWW}/uklabour/reels/", "names no post"),
        (f"{WWW}/explore/tags/votelabour/", "names no post"),
        (f"{WWW}/accounts/login/?next=/p/{CODE}/", "log-in page"),
        (f"{WWW}/p/", "names no post"),
        (f"{WWW}/p/a%2Fb/", "names no post"),
        (f"{WWW}/", "names no post"),
        ("https://l.instagram.com/?u=https%3A%2F%2Fexample.org", "hide where they lead"),
    ],
)
def test_an_address_without_a_post_says_why_and_what_to_paste(url: str, reason: str):
    with pytest.raises(UnusableReference) as refused:
        instagram.parse_post_url(url)
    assert reason in refused.value.reason
    assert "paste" in refused.value.cure


@pytest.mark.parametrize(
    "url",
    [
        f"https://example.org/p/{CODE}",
        f"https://notinstagram.com/p/{CODE}",
        f"https://instagram.com.example.org/p/{CODE}",
        f"https://facebook.com/reel/{CODE}",
        "just words",
    ],
)
def test_other_addresses_are_left_to_others(url: str):
    assert instagram.parse_post_url(url) is None


@pytest.mark.parametrize("text", ["17895731045244887", CODE, " Cabc ", "B_a-Cd9xZq1"])
def test_a_number_or_a_code_names_a_post(text: str):
    assert instagram.parse_post_id(text) == text.strip()


@pytest.mark.parametrize("text", ["", "a", "a/b", "a b", "111_222?", "👍👍👍", "x" * 61])
def test_anything_else_names_none(text: str):
    with pytest.raises(UnusableReference, match="is not an Instagram post"):
        instagram.parse_post_id(text)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("uklabour", "uklabour"),
        ("@UKLabour", "UKLabour"),
        (" jeremy.corbyn_ ", "jeremy.corbyn_"),
        (f"{WWW}/uklabour/", "uklabour"),
        (f"{WWW}/uklabour?igsh=a", "uklabour"),
        ("instagram.com/uklabour/reels/", "uklabour"),
    ],
)
def test_a_name_or_an_address_gives_the_account(text: str, handle: str):
    assert instagram.parse_handle(text) == handle


@pytest.mark.parametrize(
    "text", ["", "@", "two words", "x" * 31, f"{WWW}/p/{CODE}/", f"{WWW}/", "https://x.com/UKLabour", "a)b"]
)
def test_what_is_no_account_is_refused_with_its_cure(text: str):
    with pytest.raises(UnusableReference) as refused:
        instagram.parse_handle(text)
    assert "handle" in refused.value.cure


@given(st.text(max_size=80) | st.from_regex(r"https://www\.instagram\.com/[\w/.%-]{0,40}", fullmatch=True))
def test_whatever_is_pasted_is_a_code_a_refusal_or_anothers(text: str):
    with suppress(UnusableReference):
        alias = instagram.parse_post_url(text)
        assert alias is None or re.fullmatch(r"[A-Za-z0-9_-]{3,60}", alias)
    with suppress(UnusableReference):
        assert re.fullmatch(r"[A-Za-z0-9._]{1,30}", instagram.parse_handle(text))
