"""What to tell people of YouTube's key and sign-in (developers.google.com, "Obtaining authorization
credentials")."""

from __future__ import annotations

from connectors.guide import Further, Guide, Place

GUIDE = Guide(
    name="YouTube",
    made_at=Place(
        "https://console.cloud.google.com/apis/credentials",
        "APIs & Services > Library > YouTube Data API v3 > Enable, then Credentials > Create credentials > "
        "API key",
    ),
    own="views, likes, comments; with a sign-in also the channel's own days (shares, watch time)",
    others="views, likes, comments",
    withheld="shares and watch time: told to a channel's owner alone",
    further=(
        Further(
            ("YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET", "YOUTUBE_REFRESH_TOKEN"),
            "the own channel's day reports: shares and watch time",
            Place(
                "https://console.cloud.google.com/apis/credentials",
                "APIs & Services > Credentials > Create credentials > OAuth client ID; scope "
                "yt-analytics.readonly",
            ),
        ),
    ),
)
