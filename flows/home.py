"""The files beside the lake that runs share, by their names in CAMPAIGN_HOME."""

from __future__ import annotations

# What is paid for, and how fast each credential may ask: shared by every process of this home.
LEDGER = "spending.sqlite"
PACE = ".pace"

# What was listed, and when was asked for what leaves nothing in the warehouse where it is refused.
WALKS = ".walks"
ATTEMPTS = ".attempts"

# Where pages and tables were written to outside of the home.
ELSEWHERE = ".written-elsewhere"

# In the folder of a demo, which takes no real data.
DEMO_MARKER = ".demo"
