"""What to tell people of Facebook's tokens. Permissions and what hangs on them are those of
developers.facebook.com, "Page Insights" and "Page Feed"; the menus are those of November 2026."""

from __future__ import annotations

from connectors.guide import Further, Guide, Place

_SYSTEM_USERS = Place(
    "https://business.facebook.com/settings/system-users",
    "Settings > Users > System users > your system user > Generate token",
)

GUIDE = Guide(
    name="Facebook",
    made_at=_SYSTEM_USERS,
    own="views, shares, reactions by type, comments; page insights and views of own videos by day",
    others="shares, reactions, comments (with the app's feature Page Public Content Access)",
    withheld="views: Facebook tells them to a page's own people alone",
    permissions={
        "pages_read_engagement": "no posts and no insights of own pages",
        "pages_read_user_content": "no reactions and comments",
        "read_insights": "no page insights: own posts have no views, and own videos no daily views",
        "ads_read": "no reach and no size of the registry's audiences",
    },
    for_audiences=("ads_read",),
    further=(
        Further(
            ("FACEBOOK_APP_SECRET",),
            "the proof (appsecret_proof) that some apps require",
            Place("https://developers.facebook.com/apps/", "your app > App settings > Basic > App secret"),
        ),
    ),
)
