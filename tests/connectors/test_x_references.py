from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import x
from connectors.errors import UnusableReference
from connectors.x.addresses import HANDLE, POST_ID

ID = "1786512345678901234"


@pytest.mark.parametrize(
    "url",
    [
        f"https://x.com/someone/status/{ID}",
        f"https://twitter.com/someone/status/{ID}",
        f"http://www.twitter.com/someone/status/{ID}",
        f"https://mobile.twitter.com/someone/status/{ID}",
        f"https://www.x.com/someone/status/{ID}/",
        f"https://x.com/someone/status/{ID}?s=20&t=abc",
        f"https://x.com/someone/status/{ID}#m",
        f"https://x.com/someone/status/{ID}/photo/1",
        f"https://x.com/someone/status/{ID}/video/1?s=46",
        f"https://x.com/i/status/{ID}",
        f"https://x.com/i/web/status/{ID}",
        f"https://twitter.com/someone/statuses/{ID}",
        f"https://twitter.com/#!/someone/status/{ID}",
        f"HTTPS://X.COM/Someone/Status/{ID}",
        f"x.com/someone/status/{ID}",
        f"  https://x.com/someone/status/{ID}\n",
        f"https://x.com:443/someone/status/{ID}",
    ],
)
def test_a_posts_address_in_any_form_gives_its_number(url: str):
    assert x.parse_post_url(url) == ID


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/UKLabour",
        "https://x.com/UKLabour/",
        "https://x.com/",
        "https://x.com/search?q=%23VoteLabour",
        "https://x.com/hashtag/VoteLabour",
        "https://x.com/someone/status/",
        "https://x.com/someone/status/12ab",
        "https://x.com/someone/status/0",
        "https://t.co/AbCdEf",
    ],
)
def test_an_address_of_x_without_a_post_is_refused_with_a_cure(url: str):
    with pytest.raises(UnusableReference) as refused:
        x.parse_post_url(url)
    assert refused.value.reason
    assert "paste" in refused.value.cure


@pytest.mark.parametrize(
    "url",
    [
        f"https://x.com.example.org/a/status/{ID}",
        f"https://x.com@example.org/a/status/{ID}",
        f"https://notx.com/a/status/{ID}",
    ],
)
def test_an_address_that_only_looks_like_x_is_not_ours(url: str):
    assert x.parse_post_url(url) is None


def test_a_post_number_is_taken_as_it_is():
    assert x.parse_post_id(f" {ID} ") == ID


@pytest.mark.parametrize("text", ["", "abc", "12 34", "-1", "0123", "1" * 20, "١٢٣", "1,2"])
def test_anything_else_is_no_post_number(text: str):
    with pytest.raises(UnusableReference):
        x.parse_post_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "UKLabour",
        "@UKLabour",
        " @UKLabour ",
        "https://x.com/UKLabour",
        "https://twitter.com/@UKLabour?lang=en",
        "x.com/UKLabour/",
        "https://x.com/UKLabour/with_replies",
    ],
)
def test_an_account_keeps_its_name_and_case(text: str):
    assert x.parse_handle(text) == "UKLabour"


@pytest.mark.parametrize(
    "text", ["", "@", "two words", "a" * 16, "a.b", "https://x.com/i/lists/1", "https://example.org/a", "a,b"]
)
def test_what_cannot_be_an_account_is_refused(text: str):
    with pytest.raises(UnusableReference):
        x.parse_handle(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers(text: str):
    for parse in (x.parse_post_url, x.parse_post_id, x.parse_handle):
        for pasted in (text, f"https://x.com/{text}", f"https://x.com/a/status/{text}"):
            alias = None
            with suppress(UnusableReference):
                alias = parse(pasted)
            assert alias is None or POST_ID.fullmatch(alias) or HANDLE.fullmatch(alias)
