"""`campaign init`: what a new team answers becomes a registry and a `.env` that every command takes."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

import connectors
from connectors import sandbox as sandbox_settings
from connectors.sandbox.server import Sandbox
from flows.beginning.answers import Answers, Unusable, account_of, name_of, sides_of, suggested_id
from flows.beginning.machine import local_zone
from flows.beginning.placing import NewFile, Occupied, place
from flows.beginning.quoting import in_env, in_toml
from flows.beginning.texts import env_template, env_text, registry_text
from flows.registry import Side, load
from tests.flows.conftest import REGISTRY, Said
from tests.flows.terminal import Terminal, in_a_terminal
from tests.flows.test_start_up import ASKING, FILES, OFFERED, SCHEDULER, TABLES, imported_by
from tests.unprivileged import unwritable
from warehouse.durable import locked

Campaign = Callable[..., Said]
ROOT = Path(__file__).parents[2]
CONNECTORS = connectors.discover()
OURS = Side("ours", "Ours", ours=True)
NEEDED = (
    *("--name", "Clean Water 2027", "--side", "Clean Water"),
    *("--starts", "2027-04-01", "--ends", "2027-06-30", "--timezone", "Europe/Lisbon"),
)
TOKEN = "AAAA-typed-by-hand"


@pytest.fixture
def new(home: Path) -> Path:
    """A working folder with nothing in it."""
    (home / "campaigns" / "water.toml").unlink()
    (home / "campaigns").rmdir()
    return home


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def answer_all(terminal: Terminal) -> None:
    """A conversation with slips in it, up to the last question."""
    terminal.answer("The campaign's name: ", "Clean Water 2027")
    terminal.answer("[clean-water-2027]: ", "")
    terminal.answer("First day that counts, as 2026-04-01: ", "1/4/2027")
    terminal.wait_for('Error: "1/4/2027" is no day; write year-month-day')
    terminal.answer("First day that counts, as 2026-04-01: ", "2027-04-01")
    terminal.answer("Last day that counts, as 2026-06-30: ", "2027-03-30")
    terminal.wait_for("Error: 2027-03-30 is before the first day")
    terminal.answer("Last day that counts, as 2026-06-30: ", "2027-06-30")
    terminal.answer("[Asia/Tokyo]: ", "Londn")
    terminal.wait_for('did you mean "Europe/London"?')
    terminal.answer("[Asia/Tokyo]: ", "europe/london")
    terminal.answer("Your own side's name: ", "Clean Water")
    terminal.answer("A rival's name (Enter: no more): ", "Big Soap")
    terminal.answer("A rival's name (Enter: no more): ", "")
    terminal.answer("An account of Clean Water (Enter: no more): ", "CleanWaterNow")
    terminal.wait_for("is no profile's address; paste it from the browser")
    terminal.answer("An account of Clean Water (Enter: no more): ", "https://x.com/CleanWaterNow?s=20")
    terminal.answer("An account of Clean Water (Enter: no more): ", "youtube:@CleanWater")
    terminal.answer("An account of Clean Water (Enter: no more): ", "")
    terminal.answer("An account of Big Soap (Enter: no more): ", "https://www.facebook.com/BigSoap")
    terminal.answer("An account of Big Soap (Enter: no more): ", "")
    terminal.answer("Folder for the data [data]: ", "")
    terminal.answer("Folder for the campaign's file [campaigns]: ", "our campaigns")
    terminal.answer("FACEBOOK_ACCESS_TOKEN, unseen (Enter: later): ", "")
    terminal.answer("X_BEARER_TOKEN, unseen (Enter: later): ", "with a blank")
    terminal.wait_for("Error: X_BEARER_TOKEN holds a blank")
    terminal.answer("X_BEARER_TOKEN, unseen (Enter: later): ", TOKEN)
    terminal.answer("YOUTUBE_API_KEY is set in this terminal; write it into .env too? [y/N]: ", "y")


def test_on_a_terminal_it_asks_and_writes_what_was_answered(new: Path) -> None:
    with in_a_terminal("init", cwd=new, TZ="Asia/Tokyo", YOUTUBE_API_KEY="AIza-of-this-terminal") as terminal:
        answer_all(terminal)
        terminal.answer("Write our campaigns/clean-water-2027.toml and .env? [Y/n]: ", "maybe")
        terminal.wait_for('Error: "maybe" is neither yes nor no; write y or n')
        terminal.answer("Write our campaigns/clean-water-2027.toml and .env? [Y/n]: ", "")
        assert terminal.left() == 0, terminal.shown
    assert TOKEN not in terminal.shown
    assert re.search(r"Still to get.*\n +FACEBOOK_ACCESS_TOKEN", terminal.shown)
    assert "X_BEARER_TOKEN  " not in terminal.shown
    assert "campaign check" in terminal.shown
    assert stat.S_IMODE((new / ".env").stat().st_mode) == 0o600
    assert dotenv_values(new / ".env") == {
        "CAMPAIGN_HOME": "data",
        "CAMPAIGN_REGISTRY": "our campaigns",
        "X_BEARER_TOKEN": TOKEN,
        "YOUTUBE_API_KEY": "AIza-of-this-terminal",
    }
    (campaign,) = load(new / "our campaigns", CONNECTORS).campaigns
    assert (campaign.id, campaign.name) == ("clean-water-2027", "Clean Water 2027")
    assert (campaign.starts, campaign.ends) == (date(2027, 4, 1), date(2027, 6, 30))
    assert campaign.timezone == "Europe/London"
    assert [(side.id, side.name, side.ours) for side in campaign.sides] == [
        ("clean-water", "Clean Water", True),
        ("big-soap", "Big Soap", False),
    ]
    assert [(each.side, each.platform, each.handle) for each in campaign.accounts] == [
        ("clean-water", "x", "CleanWaterNow"),
        ("clean-water", "youtube", "CleanWater"),
        ("big-soap", "facebook", "BigSoap"),
    ]
    assert everything_in(new).keys() == {".env", "our campaigns", "our campaigns/clean-water-2027.toml"}


def test_ctrl_c_at_the_last_question_leaves_nothing(new: Path) -> None:
    with in_a_terminal("init", cwd=new, TZ="Asia/Tokyo", YOUTUBE_API_KEY="AIza-of-this-terminal") as terminal:
        answer_all(terminal)
        terminal.interrupt("and .env? [Y/n]: ")
        assert terminal.left() == 130
    assert "\ncampaign: stopped; nothing was written" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert everything_in(new) == {}


def test_an_input_that_ends_and_a_no_leave_nothing(new: Path) -> None:
    with in_a_terminal("init", *NEEDED, "--id", "water", cwd=new) as terminal:
        terminal.end("A rival's name (Enter: no more): ")
        assert terminal.left() == 1
    assert "\ncampaign: the input ended and nothing was written; start again" in terminal.shown
    sides = ("--rival", "Big Soap", "--account", "x:Water", "--rival-account", "x:Soap")
    places = ("--id", "water", "--home", "d", "--registry", "r")
    with in_a_terminal("init", *NEEDED, *sides, *places, cwd=new) as terminal:
        terminal.answer("X_BEARER_TOKEN, unseen (Enter: later): ", TOKEN)
        terminal.answer("Write r/water.toml and .env? [Y/n]: ", "n")
        assert terminal.left() == 0
    assert "Nothing was written." in terminal.shown
    assert everything_in(new) == {}


def test_where_nobody_sits_at_a_terminal_options_are_enough(campaign: Campaign, new: Path) -> None:
    rivals = ("--rival", "Big Soap", "--rival", "Öl & Co", "--rival-account", "öl & co=https://x.com/Oil")
    said = campaign("init", *NEEDED, *rivals, "--rival-account", "big-soap=facebook:@Soap")
    assert (said.code, said.err) == (0, "")
    (written,) = load(new / "campaigns", CONNECTORS).campaigns
    assert written.timezone == "Europe/Lisbon"
    assert [(each.side, each.handle) for each in written.accounts] == [("ol-co", "Oil"), ("big-soap", "Soap")]
    said = campaign("check", "--offline")
    assert "Clean Water 2027" in said.out


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_what_is_needed_and_missing_is_named_by_its_options(
    campaign: Campaign, new: Path, options: tuple[str, ...]
) -> None:
    said = campaign("init", "--ends", "2027-06-30", *options)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith("campaign: --name, --starts, --side: needed where nobody is asked")
    assert everything_in(new) == {}


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--name", " ", "is empty; write a name"),
        ("--name", "Water\x1b[2J", "holds a control character (U+001B); remove it"),
        ("--name", "Water\n[[sides]]", "holds a control character (U+000A); remove it"),
        ("--name", "Wa\u202eter", "holds a control character (U+202E); remove it"),
        ("--name", "W\udcc3\udca4ter", "that the terminal's locale has not; set PYTHONUTF8=1"),
        ("--name", "工党", "--id: is empty; write lower-case letters"),
        ("--id", "Water 2027", "cannot be an id; use lower-case letters, digits and hyphens"),
        ("--id", "../water", "cannot be an id"),
        ("--starts", "1/4/2027", "is no day; write year-month-day, as in 2026-04-01"),
        ("--starts", "20270401", "write year-month-day"),
        ("--starts", "2027-02-30", "is not in the calendar"),
        ("--starts", "1027-04-01", "is not in the years 2000 to 2099"),
        ("--ends", "2026-06-30", "is before the first day, 2027-04-01"),
        ("--timezone", "Bristol", "is no time zone; write one such as Europe/London"),
        ("--timezone", "berlin", 'did you mean "Europe/Berlin"?'),
        ("--rival", "clean water", "would be one side"),
        ("--account", "CleanWaterNow", "is no profile's address; paste it from the browser"),
        ("--account", "twitter:Water", 'is no platform; did you mean "x"?'),
        ("--account", "https://x.com/home", "names no X account"),
        (
            "--account",
            "https://example.org/Water",
            "example.org is not collected; give accounts of",
        ),
        ("--account", "linkedin.com/in/water", "linkedin.com is not collected"),
        ("--rival-account", "x:Soap", "no rival is named; name it by --rival too"),
        ("--home", "file", "is a file"),
        ("--home", "file/data", "file is a file; choose another folder"),
        ("--home", "gone/data", "gone is a link that leads nowhere; choose another folder"),
        ("--registry", "gone", "gone is a link that leads nowhere; choose another folder"),
        ("--home", "of-the-demo", "holds the demo's data"),
        ("--registry", "file", "is a file; choose the folder"),
        ("--home", "${HOME}/data", "CAMPAIGN_HOME holds what .env cannot"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_one_line_with_its_cure(
    campaign: Campaign, new: Path, option: str, value: str, says: str
) -> None:
    (new / "file").touch()
    (new / "of-the-demo").mkdir()
    (new / "of-the-demo" / ".demo").touch()
    (new / "gone").symlink_to("nowhere")
    before = everything_in(new)
    said = campaign("init", *NEEDED, option, value)
    assert said.code in (1, 2)
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err
    assert everything_in(new) == before


@pytest.mark.parametrize(
    ("pasted", "platform", "name"),
    [
        ("https://x.com/CleanWaterNow", "x", "CleanWaterNow"),
        ("https://mobile.twitter.com/CleanWaterNow/status/123?s=20", "x", "CleanWaterNow"),
        ("x.com/CleanWaterNow", "x", "CleanWaterNow"),
        ("X:@CleanWaterNow", "x", "CleanWaterNow"),
        ("https://www.facebook.com/profile.php?id=100064", "facebook", "100064"),
        ("https://m.facebook.com/clean.water/?locale=en_GB", "facebook", "clean.water"),
        ("facebook:118273904551", "facebook", "118273904551"),
        ("https://www.instagram.com/clean.water/?hl=en", "instagram", "clean.water"),
        ("https://www.youtube.com/@CleanWater/videos", "youtube", "CleanWater"),
        ("https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv", "youtube", "UCabcdefghijklmnopqrstuv"),
        ("youtube:UCabcdefghijklmnopqrstuv", "youtube", "UCabcdefghijklmnopqrstuv"),
        ("https://www.tiktok.com/@clean.water?lang=en", "tiktok", "clean.water"),
    ],
)
def test_an_account_is_what_the_browser_gives(pasted: str, platform: str, name: str) -> None:
    account = account_of(pasted, OURS, CONNECTORS)
    assert (account.platform, account.handle or account.id) == (platform, name)
    assert (account.id is not None) == name.startswith("UC")


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('"\\\x00\b\t\n\f\r\x7f\u2028🏳️‍🌈')
def test_a_text_in_toml_is_read_back_as_it_was(text: str) -> None:
    line = f"text = {in_toml(text)}"
    assert tomllib.loads(line) == {"text": text}
    assert "\n" not in line


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('it\'s \\ "#" $HOME')
@example("${HOME}")
def test_a_setting_in_dotenv_is_read_back_as_it_was_or_refused(text: str) -> None:
    try:
        line = in_env("CAMPAIGN_HOME", text)
    except Unusable as unusable:
        assert any(culprit in text for culprit in ("${", "\n", "\r", "\\", "'")), text
        assert "CAMPAIGN_HOME" in str(unusable)  # noqa: PT017
    else:
        assert dotenv_values(stream=StringIO(f"A=b\n{line}\nC=d\n")) == {
            "A": "b",
            "CAMPAIGN_HOME": text,
            "C": "d",
        }


def answers(name: str, ours: str = "Ours", rivals: tuple[str, ...] = ()) -> Answers:
    sides = sides_of(ours, rivals)
    accounts = (account_of("x:Water", sides[0], CONNECTORS),)
    return Answers("water", name, date(2027, 4, 1), date(2027, 6, 30), "Europe/London", sides, accounts)


@given(names=st.lists(st.text(min_size=1, max_size=40), min_size=3, max_size=3))
@example(names=['"""', "$id ${name} \\", "'''#[[assets]]"])
def test_whatever_names_are_taken_the_file_is_one_that_loads(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        taken = [name_of(name) for name in names]
        wanted = answers(taken[0], taken[1], (taken[2],))
    except Unusable:
        return
    file = tmp_path_factory.getbasetemp() / "hostile.toml"
    file.write_text(registry_text(wanted), encoding="utf-8")
    (found,) = load(file, CONNECTORS).campaigns
    assert (found.name, found.sides) == (wanted.name, wanted.sides)


def test_every_example_in_the_file_holds_when_its_hash_is_taken_away(tmp_path: Path) -> None:
    text = registry_text(answers("Water"))
    examples = re.findall(r"(?m)^#(?=[a-z\[])", text)
    assert len(examples) > 30
    file = tmp_path / "water.toml"
    file.write_text(re.sub(r"(?m)^#(?=[a-z\[])", "", text), encoding="utf-8")
    registry = load(file, CONNECTORS)
    (campaign,) = registry.campaigns
    assert registry.notices == ()
    assert len(campaign.assets) == 3
    assert campaign.assets[0].match is not None
    assert campaign.budgets
    assert campaign.cadence
    assert campaign.audiences
    assert campaign.ignored
    assert [account.watch for account in campaign.accounts] == [True, False]


def test_an_id_is_suggested_from_the_name() -> None:
    assert suggested_id("  Água Limpa — 2026! ") == "agua-limpa-2026"
    assert suggested_id("x" * 300) == "x" * 100
    assert suggested_id("工党") == ""


def test_the_zone_of_the_machine_is_suggested_where_it_is_one_of_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, name = tmp_path / "localtime", tmp_path / "timezone"
    monkeypatch.setenv("TZ", "UTC0")
    assert local_zone(link, name) == "Europe/London"
    name.write_text("Europe/Madrid\n")
    link.symlink_to("/usr/share/zoneinfo/Etc/UTC")
    assert local_zone(link, name) == "Europe/Madrid"
    link.unlink()
    link.symlink_to("/usr/share/zoneinfo/America/New_York")
    assert local_zone(link, name) == "America/New_York"
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert local_zone(link, name) == "Asia/Tokyo"


def test_the_example_settings_are_what_init_writes() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_template()


def test_a_setting_of_a_platform_that_the_example_does_not_know_is_written_too() -> None:
    written = dotenv_values(stream=StringIO(env_text({"HERON_ACCESS_TOKEN": "t", "CAMPAIGN_HOME": "d"})))
    assert written == {"HERON_ACCESS_TOKEN": "t", "CAMPAIGN_HOME": "d"}


def test_it_imports_nothing_that_is_slow(new: Path) -> None:
    code, imported = imported_by(new, "init", *NEEDED, "--account", "x:Water")
    assert (code, (new / ".env").exists()) == (0, True)
    assert sorted((SCHEDULER | ASKING | FILES | OFFERED | TABLES) & imported) == []


def test_a_env_that_is_there_is_kept_and_what_it_lacks_is_told(campaign: Campaign, new: Path) -> None:
    (new / ".env").write_bytes(b"# mine\r\nX_BEARER_TOKEN=mine\r\nCAMPAIGN_HOME=mine\r\n")
    before = (new / ".env").read_bytes()
    said = campaign("init", *NEEDED, "--account", "x:Water", "--account", "youtube:@Water", "--registry", "r")
    assert said.code == 0
    assert (new / ".env").read_bytes() == before
    assert (
        "CAMPAIGN_REGISTRY is not set in .env, which was not changed; write CAMPAIGN_REGISTRY=r into it"
        in said.err
    )
    assert "CAMPAIGN_HOME" not in said.err
    assert "YOUTUBE_API_KEY" in said.out
    assert "X_BEARER_TOKEN" not in said.out
    said = campaign("init", *NEEDED, "--id", "other", "--home", "elsewhere", "--registry", "r")
    assert "CAMPAIGN_HOME is mine in .env, which was not changed; set it to elsewhere there" in said.err


def test_that_the_environment_wins_over_what_was_written_is_told(
    campaign: Campaign, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_REGISTRY", "other")
    said = campaign("init", *NEEDED, "--registry", "mine")
    assert (said.code, dotenv_values(new / ".env")["CAMPAIGN_REGISTRY"]) == (0, "mine")
    assert "CAMPAIGN_REGISTRY is set to other in the environment, which wins; set it to mine" in said.err


def test_a_campaign_that_is_there_is_not_written_over(campaign: Campaign, home: Path) -> None:
    (home / "elsewhere").mkdir()
    (home / "elsewhere" / "other.toml").write_text(REGISTRY)
    before = everything_in(home)
    # The name of a file, and the id of the campaign in it.
    for taken in ("water", "water-2026"):
        said = campaign("init", *NEEDED, "--id", taken)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert f"--id: {taken} is there already, and is not written over; choose another" in said.err
    with in_a_terminal("init", *NEEDED, cwd=home) as terminal:
        terminal.answer("[clean-water-2027]: ", "water-2026")
        terminal.wait_for("Error: water-2026 is there already")
        terminal.answer("[clean-water-2027]: ", "other")
        terminal.answer("A rival's name (Enter: no more): ", "")
        terminal.answer("An account of Clean Water (Enter: no more): ", "")
        terminal.answer("Folder for the data [data]: ", "")
        # A folder that is chosen only now may have it too.
        terminal.answer("Folder for the campaign's file [campaigns]: ", "elsewhere")
        assert terminal.left() == 1
    assert "elsewhere/other.toml is there and is not written over" in terminal.shown
    assert everything_in(home) == before


def test_nothing_is_written_that_check_would_refuse(campaign: Campaign, home: Path) -> None:
    # With one campaign its rows need not say whose they are; with two they must.
    (home / "campaigns" / "assets.csv").write_text("id,title,side,kind,post\nfilm,Film,ours,video,x:7\n")
    assert campaign("check", "--offline").code == 0
    before = everything_in(home)
    said = campaign("init", *NEEDED)
    assert said.code == 1
    assert "campaigns/assets.csv" in said.err
    assert everything_in(home) == before
    # Another's mistakes are told as such.
    (home / "campaigns" / "assets.csv").unlink()
    (home / "campaigns" / "water.toml").write_text(REGISTRY.replace('"video"', '"vidio"'))
    said = campaign("init", *NEEDED)
    assert said.code == 1
    assert 'campaigns/water.toml: assets[0].kind: "vidio"' in said.err
    assert not (home / ".env").exists()


def test_where_it_cannot_be_written_one_line_says_so_and_nothing_is_left(
    campaign: Campaign, new: Path
) -> None:
    (new / "mine").mkdir()
    for option, named in (("--registry", "mine"), ("--registry", "mine/our/own")):
        with unwritable(new / "mine"):
            said = campaign("init", *NEEDED, option, named)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        where = new / "mine" if "/" in named else Path("mine")
        assert said.err.startswith(f"campaign: {option}: {where} may not be written by you; choose another")
    with unwritable(new):
        said = campaign("init", *NEEDED, "--home", "mine/data", "--registry", "mine")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith(f"campaign: {new} may not be written by you; choose another folder")
    assert everything_in(new).keys() == {"mine"}
    # Who prepares may not be who writes the data.
    with unwritable(new / "mine"):
        said = campaign("init", *NEEDED, "--home", "mine/data")
    assert said.code == 0
    assert f"campaign: warning: {new / 'mine'} may not be written by you; see that whoever runs" in said.err


def no_links(here: Path, there: Path) -> None:
    """As on exFAT."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(here), None, str(there))


@pytest.mark.parametrize("link", [os.link, no_links])
def test_of_two_files_none_is_left_where_one_has_no_place(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    files = [NewFile(tmp_path / "a" / "b" / "free", "new"), NewFile(tmp_path / "taken", "new")]
    for mine in ("mine", ""):
        (tmp_path / "taken").write_text(mine)
        with pytest.raises(Occupied, match="taken"):
            place(files, link=link)
        assert everything_in(tmp_path) == {"taken": mine.encode()}
    (tmp_path / "taken").unlink()
    place(files, link=link)
    written = everything_in(tmp_path)
    assert (written["a/b/free"], written["taken"]) == (b"new", b"new")
    assert len(written) == 4


@pytest.mark.parametrize("link", [os.link, no_links])
@pytest.mark.parametrize("number", [1, 2])
def test_stopped_between_the_names_of_two_files_neither_is_left(
    tmp_path: Path, link: Callable[[Path, Path], None], number: int
) -> None:
    before = iter(range(number))

    def until_then(here: Path, there: Path) -> None:
        if next(before, None) is None:
            raise KeyboardInterrupt
        link(here, there)

    files = [NewFile(tmp_path / name / "file", "new") for name in ("one", "two", "three")]
    with pytest.raises(KeyboardInterrupt):
        place(files, link=until_then)
    assert everything_in(tmp_path) == {}


def test_the_file_of_another_that_took_the_name_at_the_last_moment_stays(tmp_path: Path) -> None:
    def is_late(here: Path, there: Path) -> None:
        there.write_text("theirs")
        no_links(here, there)

    with pytest.raises(Occupied, match="is there by now"):
        place([NewFile(tmp_path / "file", "new", 0o600)], link=is_late)
    assert everything_in(tmp_path) == {"file": b"theirs"}


def test_who_may_read_a_file_is_as_asked_also_without_links(tmp_path: Path) -> None:
    place([NewFile(tmp_path / "secret", "new", 0o600)], link=no_links)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


# Places two files, and is killed when the second is to get its name.
KILLED = """
import os, signal, sys
from pathlib import Path
from flows.beginning.placing import NewFile, place
names = iter([os.link])
def link(here, there):
    next(names, lambda *_: os.kill(os.getpid(), signal.SIGKILL))(here, there)
place([NewFile(Path(name), "X_BEARER_TOKEN=typed", 0o600) for name in sys.argv[1:]], link=link)
"""


def test_what_a_killed_init_left_goes_with_the_next_and_what_another_writes_stays(
    campaign: Campaign, new: Path
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, "campaigns/old.toml", ".env"], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = [name for name in everything_in(new) if name.endswith(".part")]
    assert [name.partition(".init.")[0] for name in left] == ["..env", "campaigns/.old.toml"]
    (new / "campaigns" / "old.toml").unlink()
    (new / ".mine.part").write_text("mine")
    # Others', which nobody else may open, on either side of ours.
    others = [new / f"{name}.init.theirs.part" for name in ("..env", ".a", ".z")]
    for path in others:
        path.touch(0)
    (new / "shut").mkdir()
    with locked(new / "..env.init.another.part"), unwritable(new / "shut"):
        assert campaign("init", *NEEDED).code == 0
    for path in others:
        path.chmod(0o600)
    assert {name for name in everything_in(new) if Path(name).name.startswith(".")} == {
        *(".env", ".mine.part", "..env.init.another.part", *(path.name for path in others))
    }
    assert campaign("init", *NEEDED, "--id", "other").code == 0
    assert not (new / "..env.init.another.part").exists()


def test_neither_the_demo_nor_the_examples_are_suggested(campaign: Campaign, new: Path) -> None:
    (new / "data").mkdir()
    (new / "data" / ".demo").touch()
    (new / "campaigns").symlink_to(ROOT / "campaigns")
    assert campaign("init", *NEEDED).code == 0
    written = dotenv_values(new / ".env")
    assert (written["CAMPAIGN_HOME"], written["CAMPAIGN_REGISTRY"]) == ("campaign-data", "our-campaigns")


def test_a_env_that_git_would_take_up_is_told(campaign: Campaign, new: Path) -> None:
    subprocess.run(["git", "init", "-q", str(new)], check=True)
    (new / ".gitignore").write_text("data/\n")
    said = campaign("init", *NEEDED)
    assert said.code == 0
    assert said.err == (
        "campaign: warning: git would take up .env; write that into .gitignore before you commit\n"
    )
    (new / ".gitignore").write_text(".*\n")
    assert "git would take up data; write that" in campaign("init", *NEEDED, "--id", "other").err


def test_credentials_of_the_environment_go_into_env_only_when_asked(
    campaign: Campaign, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("X_CONSUMER_KEY", "key-of-x")
    monkeypatch.setenv("YOUTUBE_API_KEY", "of-nobody")
    said = campaign("init", *NEEDED, "--account", "x:Water")
    assert TOKEN not in (new / ".env").read_text()
    (new / ".env").unlink()
    said = campaign("init", *NEEDED, "--id", "other", "--account", "x:Water", "--save-credentials")
    assert said.code == 0
    assert TOKEN not in said.out + said.err
    written = dotenv_values(new / ".env")
    assert (written["X_BEARER_TOKEN"], written["X_CONSUMER_KEY"]) == (TOKEN, "key-of-x")
    assert "YOUTUBE_API_KEY" not in written


def test_what_init_wrote_is_collected_built_and_reported(
    campaign: Campaign, new: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(sandbox.url.rsplit(":", 1)[1])
    settings = sandbox_settings.SETTINGS(port)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    said = campaign(
        *("init", "--name", "Winter", "--side", "Labour", "--starts", "2019-10-29", "--ends", "2019-12-12"),
        *(
            "--rival",
            "Conservatives",
            "--account",
            "https://x.com/UKLabour",
            "--account",
            "tiktok:uklabour",
            "--account",
            "https://www.youtube.com/@UKLabour",
        ),
        *("--rival-account", "https://www.youtube.com/@Conservatives", "--save-credentials"),
    )
    assert (said.code, said.err) == (0, "")
    assert "Still to get" not in said.out
    # Another terminal: only the file knows.
    for name in settings:
        monkeypatch.delenv(name)
    assert not [name for name in os.environ if name in settings]
    said = campaign("check")
    assert "Winter" in said.out
    said = campaign("collect", "--all", "--as-of", "2019-11-20T12:00Z")
    assert (said.code, said.err) == (0, ""), said
    assert campaign("build").code == 0
    said = campaign("sql", "select distinct side_id from marts.asset_totals order by 1", "--format", "csv")
    assert said.out.split() == ["side_id", "conservatives", "labour"]
    said = campaign("report")
    assert said.code == 0
    page = new / "data" / "reports" / "winter" / "latest" / "report.html"
    assert "Winter" in page.read_text(encoding="utf-8")


def test_the_conversation_of_the_readme_is_what_happens(new: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("```\ncampaign init\n```\n```text\n")[2].partition("\n```")[0]
    # As after the demo in a checkout.
    (new / "data").mkdir()
    (new / "data" / ".demo").touch()
    (new / "campaigns").symlink_to(ROOT / "campaigns")
    answered = re.findall(r"(?m)^(?!    |Accounts: )(.*(?<=\S):)(?: (.*))?$", block.rpartition("\n")[0])
    with in_a_terminal("init", cwd=new) as terminal:
        for question, typed in answered:
            terminal.answer(f"{question} ", typed)
        assert terminal.left() == 0
    shown = "\n".join(line.rstrip() for line in terminal.shown.splitlines())
    assert shown.startswith(f"{block}\n.env: ")
