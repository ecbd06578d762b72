"""What to tell people of TikTok's tokens (developers.tiktok.com, "Scopes Overview" and "Manage User Access
Tokens")."""

from __future__ import annotations

from connectors.guide import Further, Guide, Place

_APP = Place("https://developers.tiktok.com/apps/", "your app > Scopes > Add scopes > video.list")

GUIDE = Guide(
    name="TikTok",
    made_at=Place(
        "https://developers.tiktok.com/apps/",
        "your app > Login Kit, scopes user.info.basic and video.list; then sign the account in once",
    ),
    own="views, likes, comments, shares of public videos",
    withheld="everything: TikTok shows the token's own account alone",
    permissions={"video.list": "no videos at all"},
    granted_at=_APP,
    further=(
        Further(
            ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET", "TIKTOK_REFRESH_TOKEN"),
            "a new access token whenever the old one dies, which it does within a day",
            Place("https://developers.tiktok.com/apps/", "your app > App details > Credentials"),
            is_needed=True,
        ),
    ),
)
