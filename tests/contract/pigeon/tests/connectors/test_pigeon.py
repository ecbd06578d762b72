from __future__ import annotations

from connectors import pigeon


def test_a_posts_address_gives_its_number() -> None:
    assert pigeon.parse_post_url("https://pigeon.example/p/7") == "7"
