"""What to tell people of Instagram's tokens. Permissions are those of developers.facebook.com, "Instagram
Platform"; the menus are those of November 2026."""

from __future__ import annotations

from connectors.guide import Further, Guide, Place

GUIDE = Guide(
    name="Instagram",
    made_at=Place(
        "https://business.facebook.com/settings/system-users",
        "Settings > Users > System users > your system user > Generate token",
    ),
    own="views, shares, saves, reposts, likes, comments; stories while they live; account insights by day",
    others="likes, comments, views of reels (by a token of Facebook Login, of professional accounts)",
    withheld="shares, and views of pictures",
    permissions={
        "instagram_basic": "no media of own accounts",
        "instagram_manage_insights": "no insights: no reach and no account's days",
        "pages_read_engagement": "no way from your pages to their Instagram accounts",
    },
    further=(
        Further(
            ("INSTAGRAM_APP_SECRET",),
            "the proof (appsecret_proof) that some apps require",
            Place("https://developers.facebook.com/apps/", "your app > App settings > Basic > App secret"),
        ),
    ),
)
