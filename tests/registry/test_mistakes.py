"""What is said about each mistake: where it is, what is wrong, and how to mend it."""
# ruff: noqa: E501 - messages stand here on one line, as they are read

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from flows.registry import RegistryError, load
from tests.registry.conftest import HEAD, Folder

PLATFORMS = "facebook, instagram, tiktok, x, youtube"


def head(name: str, line: str) -> str:
    """The head of a campaign with the line of one key replaced (or dropped)."""
    return "".join(line if old.startswith(f"{name} ") else old for old in HEAD.splitlines(keepends=True))


def account(*lines: str) -> str:
    return "\n".join([HEAD, "[[accounts]]", *lines])


def asset(*lines: str, drop: str = "") -> str:
    given = {line.split(" ")[0] for line in lines} | {drop}
    usual = ('id = "film"', 'title = "Film"', 'side = "clean-water"', 'kind = "video"')
    return "\n".join(["[[assets]]", *(line for line in usual if line.split(" ")[0] not in given), *lines, ""])


def rule(*lines: str) -> str:
    return HEAD + asset("match = {" + ", ".join(lines) + "}")


def audience(*lines: str, drop: str = "") -> str:
    given = {line.split(" ")[0].split(".")[0] for line in lines} | {drop}
    usual = (
        *('id = "a"', 'label = "A"', 'ad_account = "act_1"'),
        'targeting = { geo_locations = { countries = ["GB"] } }',
    )
    return "\n".join(
        ["[[audiences]]", *(line for line in usual if line.split(" ")[0] not in given), *lines, ""]
    )


def budget(*lines: str) -> str:
    return "\n".join(["[[budgets]]", *lines, ""])


EXAMPLE = 'match = { text = ["…"], hashtags = ["…"], links = ["https://…"], same_video = true }'

COLOR_CURE = 'write color = "#d50000": a # and six digits of 0-9a-f, two each for red, green and blue'

X_20 = 'handle = "a"', 'platform = "x"', 'side = "clean-water"'

CASES: dict[str, tuple[str, str]] = {
    # The campaign's own keys
    "no id": (
        head("id", "").replace("[[sides]]", '[[sides]]\nid = "clean-water"'),
        'id: is missing; write id = "…"',
    ),
    "name missing": (head("name", ""), 'name: is missing; write name = "…"'),
    "name empty": (head("name", 'name = " "\n'), 'name: is empty; write name = "…"'),
    "name is a number": (
        head("name", "name = 2026\n"),
        'name: must be text in quotes, not a whole number; write name = "…"',
    ),
    "name with a bell": (
        head("name", 'name = "a\\u0007b"\n'),
        "name: holds a control character (U+0007); remove it",
    ),
    "name with two lines": (
        head("name", 'name = "a\\nb"\n'),
        "name: holds a control character (U+000A); remove it",
    ),
    "name that reads backwards": (
        head("name", 'name = "a\\u202Eb"\n'),
        "name: holds a control character (U+202E); remove it",
    ),
    "starts missing": (head("starts", ""), "starts: is missing; write starts = 2026-04-01, without quotes"),
    "starts quoted": (
        head("starts", 'starts = "2026-04-01"\n'),
        "starts: must be a day, not text; write starts = 2026-04-01, without quotes",
    ),
    "starts with a time": (
        head("starts", "starts = 2026-04-01T00:00:00Z\n"),
        "starts: must be a day, not a date with a time; write starts = 2026-04-01, without quotes",
    ),
    "a year nobody means": (
        head("ends", "ends = 9999-12-31\n"),
        "ends: 9999-12-31 is not in the years 2000 to 2099; correct the year",
    ),
    "ends first": (
        head("ends", "ends = 2026-03-31\n"),
        "ends: 2026-03-31 is before starts, 2026-04-01; swap them or correct one",
    ),
    "a city for a zone": (
        head("timezone", 'timezone = "London"\n'),
        'timezone: "London" is not a time zone; did you mean "Europe/London"?',
    ),
    "a zone mistyped": (
        head("timezone", 'timezone = "Europe/Lodnon"\n'),
        'timezone: "Europe/Lodnon" is not a time zone; did you mean "Europe/London"?',
    ),
    "a zone abbreviated": (
        head("timezone", 'timezone = "BST"\n'),
        'timezone: "BST" is not a time zone; write a name of the IANA time zone list, as in "Europe/London"',
    ),
    "a zone that is a path": (
        head("timezone", 'timezone = "../../etc/passwd"\n'),
        'timezone: "../../etc/passwd" is not a time zone; write a name of the IANA time zone list, as in "Europe/London"',
    ),
    "a key mistyped": (
        'time-zone = "Europe/London"\n' + HEAD,
        'time-zone: is not a key of a campaign; did you mean "timezone"?',
    ),
    "a key unheard of": (
        "zzz = 1\n" + HEAD,
        "zzz: is not a key of a campaign; its keys are id, name, starts, ends, timezone, sides, accounts, assets, audiences, budgets, cadence, ignore",
    ),
    "a key with a line end": (
        '"a\\nb" = 1\n' + HEAD,
        "a\\nb: is not a key of a campaign; its keys are id, name, starts, ends, timezone, sides, accounts, assets, audiences, budgets, cadence, ignore",
    ),
    "a table for a list": (
        HEAD + '[assets]\nid = "film"\n',
        "assets: must be a list of tables, not a table; begin each with a line [[assets]]",
    ),
    "a list of texts for tables": (
        'assets = ["film"]\n' + HEAD,
        "assets[0]: must be a table, not text; begin each with a line [[assets]]",
    ),
    # Posts that must not count
    "a post for ignore": (
        'ignore = "x:20"\n' + HEAD,
        'ignore: must be a list, not text; write ignore = ["…"]',
    ),
    "a number to ignore": (
        "ignore = [20]\n" + HEAD,
        "ignore[0]: must be text in quotes, not a whole number; write text in quotes, or remove it",
    ),
    "no post to ignore": (
        'ignore = ["x:20", "later"]\n' + HEAD,
        'ignore[1]: "later" is neither a web address nor platform:id; paste the post\'s URL, or write platform:id as in "x:1786512345678901234"',
    ),
    "no id of the platform to ignore": (
        'ignore = ["x:abc"]\n' + HEAD,
        "ignore[0]: 'abc' is not an X post number; write it as \"x:1786512345678901234\"",
    ),
    "a post listed and to be ignored": (
        'ignore = ["https://x.com/a/status/20"]\n' + HEAD + asset('posts = ["x:20"]'),
        "assets[0].posts[0]: x:20 is to be ignored, by ignore[0]; take it out of one of the two",
    ),
    "ignore below a table": (
        HEAD + 'ignore = ["x:20"]\n',
        "sides[0].ignore: is not a key of [[sides]]; write it at the top of the file, above the first [[…]]",
    ),
    # Ids that the warehouse needs
    "an asset called as those that were removed": (
        HEAD + asset('id = "unassigned"'),
        'assets[0].id: "unassigned" is kept for posts whose asset was removed; rename it',
    ),
    "an asset called as those that were removed of a side": (
        HEAD + asset('id = "unassigned:clean-water"'),
        'assets[0].id: "unassigned:clean-water" is kept for posts whose asset was removed; rename it',
    ),
    # Sides
    "no sides": (
        HEAD.split("[[sides]]")[0],
        'sides: is missing; write [[sides]] with id = "…" and ours = true, and one for each rival',
    ),
    "no sides in the list": (
        HEAD.split("[[sides]]")[0] + "sides = []",
        'sides: is empty; write [[sides]] with id = "…" and ours = true, and one for each rival',
    ),
    "nobody is ours": (
        HEAD.replace("ours = true", "ours = false"),
        "sides: no side is ours; write ours = true in the [[sides]] you campaign for",
    ),
    "ours as text": (
        HEAD + '[[sides]]\nid = "them"\nours = "no"\n',
        "sides[1].ours: must be true or false, not text; write ours = true",
    ),
    **{
        f"colour {color}": (
            HEAD + f'[[sides]]\nid = "them"\ncolor = "{color}"\n',
            f'sides[1].color: "{color}" is not a colour; {COLOR_CURE}',
        )
        for color in ("red", "#12345", "#12345g", "12a45f", "#٣٣٣", "#fff;x:url(y)")
    },
    "colour as a number": (
        HEAD + '[[sides]]\nid = "them"\ncolor = 0xd50000\n',
        f"sides[1].color: must be text in quotes, not a whole number; {COLOR_CURE}",
    ),
    "colour as the English write it": (
        HEAD + '[[sides]]\nid = "them"\ncolour = "#d50000"\n',
        'sides[1].colour: is not a key of [[sides]]; did you mean "color"?',
    ),
    "two sides of one id": (
        HEAD + '[[sides]]\nid = "clean-water"\n',
        'sides[1].id: "clean-water" is already the id of sides[0]; rename one',
    ),
    # Accounts
    "account without a side": (
        account('platform = "x"', 'handle = "a"'),
        "accounts[0].side: is missing; write the id of one of [[sides]]",
    ),
    "account of a mistyped side": (
        account('side = "clean-watr"', 'platform = "x"', 'handle = "a"'),
        'accounts[0].side: "clean-watr" is not the id of a side; did you mean "clean-water"?',
    ),
    "account of an undefined side": (
        account('side = "rivals"', 'platform = "x"', 'handle = "a"'),
        'accounts[0].side: "rivals" is not the id of a side; the sides are clean-water; define it as [[sides]] or use one of them',
    ),
    "account without a name": (
        account('side = "clean-water"', 'platform = "x"'),
        'accounts[0].handle: is missing; write handle = "…", or id = "…" if you know the platform\'s own id',
    ),
    "account without a platform": (
        account('side = "clean-water"', 'handle = "a"'),
        f"accounts[0].platform: is missing; write one of {PLATFORMS}",
    ),
    "platform by its old name": (
        account('side = "clean-water"', 'platform = "twitter"', 'handle = "a"'),
        'accounts[0].platform: "twitter" is not a known platform; did you mean "x"?',
    ),
    "platform mistyped": (
        account('side = "clean-water"', 'platform = "FaceBok"', 'handle = "a"'),
        'accounts[0].platform: "FaceBok" is not a known platform; did you mean "facebook"?',
    ),
    "platform unheard of": (
        account('side = "clean-water"', 'platform = "orkut"', 'handle = "a"'),
        f'accounts[0].platform: "orkut" is not a known platform; write one of {PLATFORMS}',
    ),
    "account id unquoted": (
        account('side = "clean-water"', 'platform = "x"', "id = 20"),
        'accounts[0].id: must be text in quotes, not a whole number; write id = "…"',
    ),
    "account id with a path": (
        account('side = "clean-water"', 'platform = "x"', 'id = "../20"'),
        "accounts[0].id: \"../20\" cannot be an account's id; copy the platform's own id, or give the handle",
    ),
    "account key mistyped": (
        account('side = "clean-water"', 'platform = "x"', 'handle = "a"', "watched = false"),
        'accounts[0].watched: is not a key of [[accounts]]; did you mean "watch"?',
    ),
    "account twice": (
        account(*X_20) + "\n[[accounts]]\n" + '\nhandle = "@A"\nplatform = "x"\nside = "clean-water"\n',
        'accounts[1].handle: "a" is the same account as accounts[0]; list each account once',
    ),
    # Assets
    "asset without a title": (HEAD + asset(drop="title"), 'assets[0].title: is missing; write title = "…"'),
    "asset kind mistyped": (
        HEAD + asset('kind = "vidoe"'),
        'assets[0].kind: "vidoe" is not one of video, image, text, site, hashtag; did you mean "video"?',
    ),
    "asset key in the singular": (
        HEAD + asset('post = "x:20"'),
        'assets[0].post: is not a key of [[assets]]; did you mean "posts"?',
    ),
    "asset id with capitals": (
        HEAD + asset('id = "Film"'),
        'assets[0].id: "Film" cannot be an id; use lower-case letters, digits and hyphens, at most 100, as in "launch-film"',
    ),
    "asset id that leaves the folder": (
        HEAD + asset('id = "../film"'),
        'assets[0].id: "../film" cannot be an id; use lower-case letters, digits and hyphens, at most 100, as in "launch-film"',
    ),
    "asset id that speaks SQL": (
        HEAD + asset('id = "a\'; drop table posts"'),
        'assets[0].id: "a\'; drop table posts" cannot be an id; use lower-case letters, digits and hyphens, at most 100, as in "launch-film"',
    ),
    "asset id with a line end": (
        HEAD + asset('id = "a\\n"'),
        "assets[0].id: holds a control character (U+000A); remove it",
    ),
    "two assets of one id": (
        HEAD + asset() + asset(),
        'assets[1].id: "film" is already the id of assets[0]; rename one, or list all its posts in one',
    ),
    "tags as text": (
        HEAD + asset('tags = "favourite"'),
        'assets[0].tags: must be a list, not text; write tags = ["…"]',
    ),
    "an empty tag": (
        HEAD + asset('tags = ["a", ""]'),
        "assets[0].tags[1]: is empty; write text in quotes, or remove it",
    ),
    "a site without a web address": (
        HEAD + asset('kind = "site"', 'url = "javascript:alert(1)"'),
        'assets[0].url: "javascript:alert(1)" is not a web address; write url = "https://…"',
    ),
    "a site with a password": (
        HEAD + asset('kind = "site"', 'url = "https://team:hunter2@water.example/"'),
        "assets[0].url: holds a user name or password; take it out, for this is kept and sent",
    ),
    "a site with a user name": (
        HEAD + asset('kind = "site"', 'url = "https://team@water.example/"'),
        "assets[0].url: holds a user name or password; take it out, for this is kept and sent",
    ),
    "a hashtag of two words": (
        HEAD + asset('kind = "hashtag"', 'hashtag = "#Vote Labour"'),
        'assets[0].hashtag: "#Vote Labour" is not a hashtag; write one word, as in "#VoteLabour"',
    ),
    # Posts
    "a post as a number": (
        HEAD + asset("posts = [20]"),
        "assets[0].posts[0]: must be text in quotes, not a whole number; write text in quotes, or remove it",
    ),
    "a bare id": (
        HEAD + asset('posts = ["20"]'),
        'assets[0].posts[0]: "20" is neither a web address nor platform:id; '
        'paste the post\'s URL, or write platform:id as in "x:1786512345678901234"',
    ),
    "a broken address": (
        HEAD + asset('posts = ["https://[x.com/a"]'),
        'assets[0].posts[0]: "https://[x.com/a" is neither a web address nor platform:id; '
        'paste the post\'s URL, or write platform:id as in "x:1786512345678901234"',
    ),
    "a file": (
        HEAD + asset('posts = ["file:///etc/passwd"]'),
        'assets[0].posts[0]: "file:///etc/passwd" is neither a web address nor platform:id; '
        'paste the post\'s URL, or write platform:id as in "x:1786512345678901234"',
    ),
    "a stranger's address": (
        HEAD + asset('posts = ["https://x.com.evil.example/a/status/20"]'),
        'assets[0].posts[0]: "x.com.evil.example" belongs to no known platform; '
        f"paste the post's own URL on {PLATFORMS}, or write platform:id",
    ),
    "a platform mistyped before the colon": (
        HEAD + asset('posts = ["facebok:1_2"]'),
        'assets[0].posts[0]: "facebok" is not a known platform; did you mean "facebook"?',
    ),
    "one post in two assets": (
        HEAD + asset('posts = ["x:20"]') + asset('id = "other"', 'posts = ["https://x.com/a/status/20"]'),
        "assets[1].posts[0]: x:20 is already a post of assets[0]; keep it in one asset: its figures must count once",
    ),
    # Audiences
    "audience without a label": (
        HEAD + audience(drop="label"),
        'audiences[0].label: is missing; write label = "…", as readers shall see it',
    ),
    "two audiences of one id": (
        HEAD + audience() + audience(),
        'audiences[1].id: "a" is already the id of audiences[0]; rename one',
    ),
    "audience key mistyped": (
        HEAD + audience('add_sets = ["1"]'),
        'audiences[0].add_sets: is not a key of [[audiences]]; did you mean "ad_sets"?',
    ),
    "audience of a mistyped platform": (
        HEAD + audience('platform = "fb"'),
        'audiences[0].platform: "fb" is not a known platform; did you mean "facebook"?',
    ),
    "audience without an ad account": (
        HEAD + audience(drop="ad_account"),
        'audiences[0].ad_account: is missing; copy it from the ads manager, as in "act_1234567890"',
    ),
    "an ad account without act_": (
        HEAD + audience('ad_account = "1234"'),
        'audiences[0].ad_account: "1234" is not act_ and the account\'s number; '
        'copy it from the ads manager, as in "act_1234567890"',
    ),
    "audience without targeting": (
        HEAD + audience(drop="targeting"),
        'audiences[0].targeting: is missing; write targeting = { geo_locations = { countries = ["GB"] }, age_min = 18 }',
    ),
    "targeting as text": (
        HEAD + audience('targeting = "GB"'),
        'audiences[0].targeting: must be a table, not text; write targeting = { geo_locations = { countries = ["GB"] }, age_min = 18 }',
    ),
    "targeting of nowhere": (
        HEAD + audience("targeting = { age_min = 18 }"),
        'audiences[0].targeting.geo_locations: is missing; write geo_locations = { countries = ["GB"] }, or a region',
    ),
    "targeting of no place": (
        HEAD + audience("targeting = { geo_locations = {} }"),
        "audiences[0].targeting.geo_locations: must be a table with a place; "
        'write geo_locations = { countries = ["GB"] }, or a region',
    ),
    "an age that no platform targets": (
        HEAD + audience('targeting = { geo_locations = { countries = ["GB"] }, age_max = 70 }'),
        "audiences[0].targeting.age_max: must be a whole number from 13 to 65; write age_max = 18; 65 means 65 and older",
    ),
    "ages the wrong way round": (
        HEAD + audience('targeting = { geo_locations = { countries = ["GB"] }, age_min = 25, age_max = 18 }'),
        "audiences[0].targeting.age_min: 25 is above age_max, 18; swap them or correct one",
    ),
    "an ad set by its name": (
        HEAD + audience('ad_sets = ["Hallam"]'),
        'audiences[0].ad_sets[0]: "Hallam" is not a number; copy the id from the ads manager, in quotes',
    ),
    "no ad campaigns in the list": (
        HEAD + audience("ad_campaigns = []"),
        "audiences[0].ad_campaigns: is empty; list the ids that count, or remove it to count them all",
    ),
    "a breakdown without a bucket": (
        HEAD + audience('breakdown = "age"'),
        "audiences[0].bucket: is missing; write the age to take, or remove breakdown",
    ),
    "a bucket without a breakdown": (
        HEAD + audience('bucket = "18-24"'),
        "audiences[0].breakdown: is missing; write one of age, gender, region, or remove bucket",
    ),
    "a breakdown unheard of": (
        HEAD + audience('breakdown = "ages"', 'bucket = "18-24"'),
        'audiences[0].breakdown: "ages" is not one of age, gender, region; did you mean "age"?',
    ),
    "ages in other bands": (
        HEAD + audience('breakdown = "age"', 'bucket = "18-25"'),
        'audiences[0].bucket: "18-25" is not one of the platform\'s; '
        "write one of 13-17, 18-24, 25-34, 35-44, 45-54, 55-64, 65+",
    ),
    "a number that JSON lacks": (
        HEAD + audience("targeting.geo_locations.share = nan"),
        "audiences[0].targeting.geo_locations.share: nan is not a number that can be kept; write a number, or remove the key",
    ),
    "a number beyond all bounds": (
        HEAD + audience(f"targeting.geo_locations.size = [{2**63}]"),
        "audiences[0].targeting.geo_locations.size[0]: is larger than any whole number that can be kept; put it in quotes",
    ),
    "a nul in a targeting": (
        HEAD + audience('targeting.geo_locations.key = "\\u0000"'),
        "audiences[0].targeting.geo_locations.key: holds a control character (U+0000); remove it",
    ),
    "a targeting without a bottom": (
        HEAD + audience(f"targeting.geo_locations.{'a.' * 3000}a = 1"),
        "audiences[0].targeting.geo_locations.a.a.a.a.a.a.a.a: is nested too deeply; flatten it",
    ),
    # Rules
    "an empty rule": (
        rule(),
        f"assets[0].match: has no condition, and would match nothing; write {EXAMPLE}, or remove it",
    ),
    "a rule of empty lists": (
        rule("text = []", "same_video = false"),
        f"assets[0].match: has no condition, and would match nothing; write {EXAMPLE}, or remove it",
    ),
    "a rule as text": (
        HEAD + asset('match = "NHS"'),
        f"assets[0].match: must be a table, not text; write {EXAMPLE}",
    ),
    "rule key mistyped": (
        rule('hashtag = ["NHS"]'),
        'assets[0].match.hashtag: is not a key of match; did you mean "hashtags"?',
    ),
    "a rule that nearly every text meets": (
        rule('text = ["our NHS", "it"]'),
        'assets[0].match.text[1]: "it" is in too many posts; write at least 3 characters',
    ),
    "a rule's hashtag with its sign": (
        rule('hashtags = ["#OurNHS"]'),
        'assets[0].match.hashtags[0]: "#OurNHS" begins with #; write "OurNHS"',
    ),
    "a rule's hashtag of two words": (
        rule('hashtags = ["Our NHS"]'),
        'assets[0].match.hashtags[0]: "Our NHS" is not a hashtag; write one word without #, as in "OurNHS"',
    ),
    "a rule's link without a scheme": (
        rule('links = ["water.example/film"]'),
        'assets[0].match.links[0]: "water.example/film" is not a web address; write it whole, as in "https://…"',
    ),
    "a rule's link with a password": (
        rule('links = ["https://water.example/film", "https://team:hunter2@water.example/film"]'),
        "assets[0].match.links[1]: holds a user name or password; take it out, for this is kept and sent",
    ),
    "same_video as text": (
        rule('same_video = "yes"'),
        "assets[0].match.same_video: must be true or false, not text; write same_video = true",
    ),
    # Budgets and cadence
    "budget without a platform": (
        HEAD + budget("usd_per_day = 1"),
        f"budgets[0].platform: is missing; write one of {PLATFORMS}",
    ),
    "budget without a bound": (
        HEAD + budget('platform = "x"'),
        "budgets[0].usd_per_day: is missing; write usd_per_day = 2.5, usd_per_month = 60, or both",
    ),
    "budget key mistyped": (
        HEAD + budget('platform = "x"', "usd_per_day = 1", "usd_per_mounth = 2"),
        'budgets[0].usd_per_mounth: is not a key of [[budgets]]; did you mean "usd_per_month"?',
    ),
    "budget as text": (
        HEAD + budget('platform = "x"', 'usd_per_day = "2.5"'),
        "budgets[0].usd_per_day: must be a number, not text; write US dollars, as in usd_per_day = 2.5",
    ),
    "budget below nothing": (
        HEAD + budget('platform = "x"', "usd_per_day = -2.5"),
        "budgets[0].usd_per_day: -2.5 is negative; write US dollars, as in usd_per_day = 2.5",
    ),
    "budget below all bounds": (
        HEAD + budget('platform = "x"', f"usd_per_day = -1{'0' * 400}"),
        f"budgets[0].usd_per_day: -1{'0' * 28}… is negative; write US dollars, as in usd_per_day = 2.5",
    ),
    "budget without an end": (
        HEAD + budget('platform = "x"', "usd_per_month = inf"),
        "budgets[0].usd_per_month: inf is not a number that can be kept; write US dollars, as in usd_per_month = 60",
    ),
    "budget that nobody means": (
        HEAD + budget('platform = "x"', "usd_per_month = 60000000"),
        "budgets[0].usd_per_month: 60000000 is more than 1,000,000; write US dollars, as in usd_per_month = 60",
    ),
    "a day that costs more than its month": (
        HEAD + budget('platform = "x"', "usd_per_day = 60", "usd_per_month = 2"),
        "budgets[0].usd_per_day: 60 is more than the whole month's 2; swap them or correct one",
    ),
    "two budgets of one platform": (
        HEAD + budget('platform = "x"', "usd_per_day = 1") + budget('platform = "x"', "usd_per_month = 2"),
        'budgets[1].platform: "x" has its budget in budgets[0]; keep one for each platform; both bounds fit into it',
    ),
    "cadence as text": (
        'cadence = "daily"\n' + HEAD,
        'cadence: must be a table, not text; write [cadence] and below it x = "daily"',
    ),
    "cadence of a mistyped platform": (
        HEAD + '[cadence]\ntwitter = "daily"\n',
        'cadence.twitter: "twitter" is not a known platform; did you mean "x"?',
    ),
    "a cadence unheard of": (
        HEAD + '[cadence]\nx = "dayly"\n',
        'cadence.x: "dayly" is not one of by age, daily; did you mean "daily"?',
    ),
    # The file
    "too many digits": (
        "id = " + "1" * 5000,
        "holds a number too long to read; shorten it or put it in quotes",
    ),
    "too many brackets": ("id = " + "[" * 5000, "is nested too deeply to read; flatten it"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_its_place_and_its_cure(
    mistakes_in: Callable[[str], list[str]], case: str
) -> None:
    text, message = CASES[case]

    assert mistakes_in(text) == [message]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD + "one two\n", "line 10, column "),
        (head("ends", "ends = 2026-06-31\n"), "line 4, column "),
        (HEAD + "one", "end of document: "),
    ],
)
def test_what_is_not_toml_is_named_by_line_and_column(
    mistakes_in: Callable[[str], list[str]], text: str, place: str
) -> None:
    (line,) = mistakes_in(text)

    assert line.startswith(place)
    assert ": is not TOML: " in line
    assert line.endswith("; correct the TOML there: texts stand in quotation marks, days as 2026-04-01")


def test_what_the_connector_says_of_a_post_or_an_account_is_passed_on(
    mistakes_in: Callable[[str], list[str]],
) -> None:
    text = account('side = "clean-water"', 'platform = "x"', 'handle = "not a handle"') + "\n"
    text += asset('posts = ["https://fb.watch/abc/", "x:twenty"]')

    lines = mistakes_in(text)

    assert [line.split(": ")[0] for line in lines] == [
        "accounts[0].handle",
        "assets[0].posts[0]",
        "assets[0].posts[1]",
    ]
    assert "fb.watch" in lines[1]
    assert all("; " in line for line in lines)


def test_all_mistakes_of_all_files_are_told_at_once(folder: Folder) -> None:
    folder.write(
        "a.toml", HEAD.replace("Europe/London", "Mars") + asset("posts = 1") + asset('kind = "song"')
    )
    folder.write("b.toml", "id = " + "1" * 5000)
    folder.write("c.toml", b'id = "caf\xe9"\n')
    folder.write("d.toml", HEAD)

    assert [line.split("; ")[0] for line in folder.mistakes()] == [
        'a.toml: timezone: "Mars" is not a time zone',
        "a.toml: assets[0].posts: must be a list, not a whole number",
        'a.toml: assets[1].kind: "song" is not one of video, image, text, site, hashtag',
        'a.toml: assets[1].id: "film" is already the id of assets[0]',
        "b.toml: holds a number too long to read",
        "c.toml: line 1: is not UTF-8 text",
        'd.toml: id: "water-2026" is already the id of a.toml',
    ]


def test_a_mistake_has_its_parts_apart(folder: Folder) -> None:
    file = folder.write("a.toml", head("name", ""))
    with pytest.raises(RegistryError) as caught:
        folder.load()

    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.key) == (str(file), "name")
    assert (mistake.problem, mistake.cure) == ("is missing", 'write name = "…"')


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nowhere",
            "nowhere: does not exist; campaign init begins one, or give CAMPAIGN_REGISTRY a folder of campaign TOML "
            "files, or one such file",
        ),
        (
            "pipe",
            "pipe: is neither a file nor a folder; give CAMPAIGN_REGISTRY a folder of campaign TOML files, or one such file",
        ),
        ("empty", "empty: holds no *.toml file; campaign init writes the first"),
    ],
)
def test_a_registry_that_is_not_there_is_named(folder: Folder, name: str, message: str) -> None:
    (folder.path / "empty").mkdir()
    os.mkfifo(folder.path / "pipe")

    assert folder.mistakes(name) == [message]


def test_a_folder_or_a_dangling_link_in_the_place_of_a_file_is_named(folder: Folder) -> None:
    (folder.path / "a.toml").mkdir()
    (folder.path / "b.toml").symlink_to("nowhere")

    assert folder.mistakes() == [
        "a.toml: is not a file; remove it or rename it",
        "b.toml: cannot be read (No such file or directory); mend its permissions",
    ]


def test_a_message_stays_on_one_line_whatever_the_file_is_called(
    tmp_path: Path, platforms: dict[str, ModuleType]
) -> None:
    file = tmp_path / "a\nb\x1b[31m.toml"
    file.write_text("id = 1\n" + HEAD.split("\n", 1)[1])
    with pytest.raises(RegistryError) as caught:
        load(file, platforms)

    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
