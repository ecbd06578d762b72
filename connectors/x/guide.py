"""What to tell people of X's keys (docs.x.com, "Bearer tokens" and "API key and secret")."""

from __future__ import annotations

from connectors.guide import Further, Guide, Place
from connectors.x.answers import FURTHER_CREDENTIALS

_KEYS = Place("https://console.x.com", "Apps > your app > Keys and tokens")

GUIDE = Guide(
    name="X",
    made_at=_KEYS,
    own="views, retweets, quotes, replies, likes of every post; mentions of hashtags and sites by day",
    others="the same as of own accounts",
    further=(
        Further(
            tuple(FURTHER_CREDENTIALS.values()),
            "own posts at a fifth of the price, and their private counters of the last 30 days",
            _KEYS,
        ),
    ),
    untold="X has no free call that tells; the first collect tells",
)
