"""The colours of sides: their own, as far as they are seen on light and dark, and no two alike by default."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.answers.page import FOLDER
from flows.answers.page.colours import (
    LEAST_CONTRAST,
    Colours,
    Style,
    are_alike,
    contrast,
    legible,
    of_sides,
    style,
)
from flows.answers.page.vision import VISIONS, apart, least_apart, seen

LIGHT, DARK = style()
PALETTE = [f"var(--series-{number})" for number in range(1, 9)]

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
sides = st.lists(st.tuples(colours | st.none(), st.booleans()), max_size=8).map(
    lambda found: [(f"side-{place}", colour, is_ours) for place, (colour, is_ours) in enumerate(found)]
)


def parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def shown(of: Colours, side: str, scheme: str) -> str:
    """What a browser makes of a side's colour."""
    declared = {each.name: getattr(each, scheme) for each in of.variables}
    palette = dict(zip(PALETTE, {"light": LIGHT, "dark": DARK}[scheme].series, strict=True))
    value = of.by_side[side]
    found = palette.get(value) or declared[value.removeprefix("var(").removesuffix(")")]
    assert isinstance(found, str)
    return found


# As other tools reckon them (#777 is the grey that just fails for text, #767676 the one that just passes).
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#ff0000", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)


@given(colours)
@example("#000000")
@example("#ffffff")
@example("#ffff00")
@example("#0000ff")
def test_any_colour_is_seen_on_every_ground_and_keeps_its_hue(colour: str) -> None:
    for scheme in (LIGHT, DARK):
        changed = legible(colour, scheme.grounds)
        assert min(contrast(changed, ground) for ground in scheme.grounds) >= LEAST_CONTRAST
        if min(contrast(colour, ground) for ground in scheme.grounds) >= LEAST_CONTRAST:
            assert changed == colour
        else:
            # No more than it takes: a rounding further and it would not be enough.
            assert min(contrast(changed, ground) for ground in scheme.grounds) < LEAST_CONTRAST * 1.08
        order = sorted(range(3), key=lambda place: parts(colour)[place])
        ranked = [parts(changed)[place] for place in order]
        assert ranked == sorted(ranked)


def one_chose(colour: str) -> list[tuple[str, str | None, bool]]:
    return [("a", colour, True), *((f"b{number}", None, False) for number in range(4))]


@given(sides)
# Colours that light or dark grounds change to one of the palette.
@example(one_chose("#fdbb30"))
@example(one_chose("#00e5ff"))
def test_a_side_has_the_colour_it_chose_and_every_other_one_that_nobody_has(
    found: list[tuple[str, str | None, bool]],
) -> None:
    made = of_sides(found)
    assert set(made.by_side) == {side for side, _, _ in found}
    chosen = {side: colour for side, colour, _ in found if colour}
    for scheme, style_of in (("light", LIGHT), ("dark", DARK)):
        for side, colour in chosen.items():
            assert shown(made, side, scheme) == legible(colour, style_of.grounds)
    others = [side for side in made.by_side if side not in chosen]
    assert len({made.by_side[side] for side in others}) == len(others)
    like_a_chosen_one = {
        value
        for scheme, style_of in (("light", LIGHT), ("dark", DARK))
        for value, colour in zip(PALETTE, style_of.series, strict=True)
        if any(are_alike(colour, shown(made, side, scheme)) for side in chosen)
    }
    # As many as can be had are unlike what is shown of the chosen ones; the rest is better than one twice.
    free = len(PALETTE) - len(like_a_chosen_one)
    assert sum(made.by_side[side] not in like_a_chosen_one for side in others) == min(free, len(others))


def test_without_a_choice_the_palette_is_as_it_stands() -> None:
    made = of_sides([("a", None, False), ("b", None, True), ("c", None, False)])
    assert [*made.by_side.values()] == PALETTE[:3]
    # What is ours has our side's colour wherever it is drawn.
    assert [(each.name, each.light) for each in made.variables] == [("--ours", PALETTE[1])]
    assert of_sides([]) == Colours({})


def test_what_is_no_colour_never_reaches_a_page() -> None:
    for hostile in ("red", "#fff", "#12345g", "#ffffff;x:url(y)", "</style>", "", "#FFFFFF"):
        assert of_sides([("a", hostile, True)]) == of_sides([("a", None, True)])


def test_what_is_no_sides_has_no_colour_of_a_side() -> None:
    made = of_sides([("a", LIGHT.series[0], True), ("b", None, False)])
    (nobodys,) = (each.light for each in made.variables if each.name == "--nobodys")
    assert nobodys in PALETTE
    assert nobodys not in (PALETTE[0], made.by_side["b"])


# How far from each other the two nearest of eight colours are at least, by who sees them. Some palettes reach
# more, with colours that pass for black or white.
LEAST_APART = {"usual": 0.15, "protanopia": 0.12, "deuteranopia": 0.12, "tritanopia": 0.11}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_colours_of_a_palette_are_alike_to_anybody(scheme: Style, vision: str) -> None:
    nearest = min((apart(*pair, vision), pair) for pair in combinations(scheme.series, 2))
    assert nearest[0] >= LEAST_APART[vision], nearest


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_a_palette_is_seen_on_its_grounds(scheme: Style) -> None:
    assert len(scheme.series) == len(PALETTE)
    assert min(contrast(colour, ground) for colour in scheme.series for ground in scheme.grounds) >= 3
    assert not any(are_alike(*pair) for pair in combinations(scheme.series, 2))


# How light in OKLab colours are at least on light grounds, and at most on dark ones.
DARKEST, LIGHTEST = 0.35, 0.9


def test_no_colour_of_a_palette_passes_for_the_ink_or_for_black_or_white() -> None:
    on_light, on_dark = re.findall(
        r"--ink: (#[0-9a-f]{6})", (FOLDER / "style.css").read_text(encoding="utf-8")
    )
    assert [each for each in LIGHT.series if are_alike(each, on_light)] == []
    assert [each for each in DARK.series if are_alike(each, on_dark)] == []
    assert min(seen(each, "usual")[0] for each in LIGHT.series) >= DARKEST
    assert max(seen(each, "usual")[0] for each in DARK.series) <= LIGHTEST


# OKLab as its author tells it of the primaries; greys are grey to everybody.
@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("#ffffff", (1, 0, 0)),
        ("#000000", (0, 0, 0)),
        ("#ff0000", (0.628, 0.225, 0.126)),
        ("#00ff00", (0.866, -0.234, 0.179)),
        ("#0000ff", (0.452, -0.032, -0.312)),
    ],
)
def test_colours_have_their_published_places(colour: str, expected: tuple[float, float, float]) -> None:
    assert seen(colour, "usual") == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("vision", VISIONS)
def test_greys_are_grey_to_everybody(vision: str) -> None:
    for grey in ("#000000", "#777777", "#ffffff"):
        assert seen(grey, vision) == pytest.approx(seen(grey, "usual"), abs=0.001)


def test_who_lacks_a_cone_takes_for_one_what_others_tell_apart() -> None:
    # Red and green of the same lightness to that eye; blue and green for the third.
    for vision, one, other in (
        ("protanopia", "#b05a00", "#6f7000"),
        ("deuteranopia", "#c05a20", "#7f7f10"),
        ("tritanopia", "#00a0c0", "#00b090"),
    ):
        assert apart(one, other, vision) < apart(one, other) / 2, vision
    assert least_apart("#ff0000", "#00ff00") <= apart("#ff0000", "#00ff00", "deuteranopia")
