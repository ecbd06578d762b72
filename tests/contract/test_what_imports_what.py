"""What a folder may import stands in docs/architecture.md, and holds: read from the source, not from runs."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from connectors import discover
from tests.docs.pages import ROOT, pages

TEXT = pages()["docs/architecture.md"].text
OURS = ("connectors", "flows", "warehouse")

# Library: the only folder that imports it.
LIBRARIES = dict(
    re.findall(r"^\| `(\w+)` \| `([\w/.]+)` \|$", TEXT.partition("<!-- libraries -->")[2], re.MULTILINE)
)


def rules() -> dict[str, set[str]]:
    """What each folder or file may import of our own packages, as the page's table has it."""
    table = TEXT.partition("<!-- imports -->")[2].partition("\n\n")[2].partition("\n\n")[0]
    found = {}
    for line in table.splitlines()[2:]:
        place, _, may = (cell.strip() for cell in line.strip("|").split("|"))
        for name in re.findall(r"`([\w/.]+)`", place):
            allowed = re.findall(r"`([\w/.]+)`", may)
            found[_as_module(name)] = {_as_module(each) for each in allowed}
    return found


def _as_module(name: str) -> str:
    """A folder or file as the path of a module."""
    return name.rstrip("/").removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it, by their dotted names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is imported from a package may be a module of it.
            yield from (f"{node.module}.{each.name}" for each in node.names)


def place_of(path: str, among: set[str]) -> str:
    """The longest of some folders in which a file or module lies."""
    return max((each for each in among if path == each or path.startswith(f"{each}/")), key=len, default="")


def imports_of_ours() -> dict[str, set[tuple[str, str]]]:
    """By each rule's place: the file and the module's path that it imports from elsewhere."""
    found = defaultdict(set)
    places = set(rules())
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            place = place_of(file.removesuffix(".py"), places)
            for name in imported(path):
                module = name.replace(".", "/")
                if module.split("/")[0] in OURS and place_of(module, {place}) == "":
                    found[place].add((file, module))
    return found


def test_no_folder_imports_what_the_page_does_not_allow() -> None:
    allowed = rules()
    assert [
        f"{file} imports {module}"
        for place, imports in imports_of_ours().items()
        for file, module in sorted(imports)
        if not place_of(module, allowed[place])
    ] == []


def test_every_folder_has_its_rule_and_every_allowance_is_used() -> None:
    found = imports_of_ours()
    allowed = rules()
    assert "" not in found
    assert [
        f"{place} may import {name} and does not"
        for place, names in allowed.items()
        for name in sorted(names)
        if not any(place_of(module, {name}) for _, module in found[place])
    ] == []


def test_what_knows_a_library_is_one_folder() -> None:
    assert len(LIBRARIES) > 5
    outside = [
        f"{path.relative_to(ROOT)} imports {name}"
        for package in OURS
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in imported(path)
        if (place := LIBRARIES.get(name.partition(".")[0]))
        and not path.relative_to(ROOT).as_posix().startswith(place)
    ]
    assert outside == []


def test_an_import_out_of_place_is_found(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("def later():\n    from flows.registry import load\n")
    assert [place_of(name.replace(".", "/"), {"flows/registry"}) for name in imported(file)] == [
        "flows/registry"
    ]
    assert place_of("flows/registry_of/x", {"flows/registry"}) == ""


def test_plain_functions_know_no_scheduler_no_command_and_no_double() -> None:
    plain = ("registry", "collecting", "history", "answers", "keeping", "health")
    unknown = ("prefect", "flows.cli", "connectors.sandbox")
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in plain
        for path in sorted((ROOT / "flows" / folder).rglob("*.py"))
        for name in imported(path)
        if any(name == each or name.startswith(f"{each}.") for each in unknown)
    ] == []


def test_no_platforms_connector_knows_another_or_the_double() -> None:
    platforms = set(discover())
    for platform in platforms:
        others = platforms - {platform} | {"sandbox"}
        place = ROOT / "connectors"
        for path in [*(place / platform).rglob("*.py"), *place.glob(f"{platform}.py")]:
            ours = [name.split(".")[1] for name in imported(path) if name.startswith("connectors.")]
            assert others.isdisjoint(ours), path
