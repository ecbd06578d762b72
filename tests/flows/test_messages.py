"""Every message that a person can meet says what is wrong and then what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Raised with one line, which people read.
ONE_LINE = {
    "BuildElsewhere",
    "BuildRefused",
    "CalledWrongly",
    "DemoFailed",
    "LakeOutOfReach",
    "LedgerError",
    "NoCluster",
    "NoServer",
    "NoWarehouse",
    "NotAMoment",
    "NotSent",
    "NotTheSame",
    "Outlived",
    "OtherRelease",
    "QueryRefused",
    "Refused",
    "RollbackRefused",
    "ServeRefused",
    "SettingsError",
    "UnfitWorker",
    "UnknownName",
    "WorkersLost",
    "AnotherBuild",
    "Unusable",
    "complain",
    "fail",
}
# Troubles of platforms: the platform, then the line. Of what is merely told nothing needs to be mended.
TROUBLES = {
    "BadRequest",
    "BudgetSpent",
    "Gone",
    "OtherVersion",
    "OverBudget",
    "PermissionMissing",
    "RateLimited",
    "TokenInvalid",
    "TooMuchAsked",
    "Transient",
    "Unreadable",
}
# What is wrong and what to do, as two arguments at the end.
IN_TWO = {"CellError", "Mistake", "UnusableReference", "refuse"}
KINDS = ONE_LINE | TROUBLES | IN_TWO

# With what a fix begins.
VERBS = (
    "add ask assign begin build buy check choose close come copy correct delete end exchange "
    "export fill find flatten get give go grant hand install interrupt keep leave let list log "
    "look lower make mend move name open paste point print put raise read rebuild remove "
    "rename repeat report restore roll run save see send set shift shorten start state stop "
    "swap switch take tell try unset upgrade use wait write "
)
FIX = re.compile(rf"\b({'|'.join(VERBS.split())})\b|\b(they have|its columns are|campaign [a-z]+)\b")
# A placeholder that holds the fix, or a line that ends in one, for it was made where it was met.
MADE_ELSEWHERE = re.compile(
    r"\{[^{}]*(cure|fix|error|trouble|refusal|refused|mistake|line|message|meant|said|told|unusable)"
)

# Lines without a fix, by their beginnings, each with the reason.
NOTHING_TO_DO = {
    "facebook: {limited.part}: {text}": "the platform's own line with the part's name, which has its fix",
}


@dataclass(frozen=True)
class Message:
    """A literal message, `{…}` where something is filled in, and where it is."""

    place: str
    kind: str
    text: str

    @property
    def fix(self) -> str:
        """What comes after the last part that says what is wrong."""
        return self.text.partition("; ")[2] if self.kind not in IN_TWO else self.text.partition(" || ")[2]


RESOLVED = (ast.Name, ast.Constant, ast.BoolOp, ast.IfExp)


def literal(node: ast.expr, names: dict[str, ast.expr]) -> str | None:
    """The text of a literal; of a name that holds one, and of parts put together, too."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            parts = []
            for value in values:
                inner = value.value if isinstance(value, ast.FormattedValue) else value
                known = literal(inner, names) if isinstance(inner, RESOLVED) else None
                parts.append(known if known is not None else f"{{{ast.unparse(inner)}}}")
            return "".join(parts)
        case ast.Name(id=name) if name in names:
            return literal(names[name], {other: each for other, each in names.items() if other != name})
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = literal(left, names), literal(right, names)
            return None if None in both else "".join(part for part in both if part)
        case ast.BoolOp(values=[*_, last]):
            return literal(last, names)
        case ast.IfExp(body=body, orelse=orelse):
            both = literal(body, names), literal(orelse, names)
            return None if None in both else both[1]
    return None


def messages_in(path: Path) -> Iterator[Message]:
    tree = tree_of(path)
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    of_module = imported(tree) | assigned_in(path)
    seen: set[int] = set()
    # Inner functions come later and see the names of their own.
    for scope in reversed(scopes):
        for node in ast.walk(scope):
            if not isinstance(node, ast.Call) or id(node) in seen or kind_of(node) not in KINDS:
                continue
            seen.add(id(node))
            names = of_module | assigned(scope.body, before=node.lineno)
            found = message_of(node, names)
            if found is not None:
                yield Message(f"{path.relative_to(ROOT)}:{node.lineno}", *found)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def assigned_in(path: Path) -> dict[str, ast.expr]:
    """The names that are given a value in a module."""
    return assigned(tree_of(path).body)


def kind_of(call: ast.Call) -> str:
    """The last name of what is called; nothing where it has none."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def message_of(call: ast.Call, names: dict[str, ast.expr]) -> tuple[str, str] | None:
    """What is raised or told by a call, and its words; None where it is none of these, or has no words."""
    kind = kind_of(call)
    told = [literal(argument, names) for argument in call.args]
    texts = [text for text in told if text is not None]
    match kind:
        case "complain" | "fail" if isinstance(call.func, ast.Attribute):
            # Others' methods of that name.
            return None
        case _ if kind in ONE_LINE and texts:
            return kind, texts[0]
        case _ if kind in TROUBLES and len(told) > 1 and told[1] is not None:
            return kind, told[1]
        case "Mistake":
            has_cure = len(told) > 2 and told[2] is not None
            return (kind, f"{told[1] or '{}'} || {told[2]}") if has_cure else None
        case _ if kind in IN_TWO and len(told) > 1 and told[-1] is not None:
            return kind, f"{told[-2] or '{}'} || {told[-1]}"
    return None


def assigned(body: list[ast.stmt], before: int = 1_000_000) -> dict[str, ast.expr]:
    """The names that are given a value in a body, by the last one before a line."""
    found = [
        node
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and node.lineno < before
    ]
    return {
        target.id: node.value
        for node in sorted(found, key=lambda node: node.lineno)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def imported(tree: ast.Module) -> dict[str, ast.expr]:
    """The names that a module has from another one of ours."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            file = ROOT / f"{node.module.replace('.', '/')}.py"
            if file.exists():
                theirs = assigned_in(file)
                found |= {one.name: theirs[one.name] for one in node.names if one.name in theirs}
    return found


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    found: list[Message] = []
    for package in ("flows", "warehouse", "connectors"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "sandbox" not in path.parts:
                found += messages_in(path)
    return found


def is_excepted(message: Message) -> bool:
    return any(message.text.startswith(beginning) for beginning in NOTHING_TO_DO)


def test_messages_are_found(messages: list[Message]) -> None:
    """So the claims below are about something."""
    kinds = {message.kind for message in messages}
    assert len(messages) > 300
    assert {"BuildRefused", "Refused", "complain", "TokenInvalid", "refuse", "CellError"} <= kinds


@pytest.mark.parametrize("package", ["flows", "warehouse", "connectors"])
def test_every_message_names_its_fix(messages: list[Message], package: str) -> None:
    weak = [
        f"{message.place} {message.kind}: {message.text}"
        for message in messages
        if message.place.startswith(package)
        and not FIX.search(message.fix)
        and not MADE_ELSEWHERE.search(message.text)
        and not is_excepted(message)
    ]
    assert weak == []


def test_every_message_is_one_plain_line(messages: list[Message]) -> None:
    """No line end, no full stop at its end, no word of Python's."""
    odd = [
        f"{message.place}: {message.text}"
        for message in messages
        if "\n" in message.text
        or message.text.endswith(".")
        or re.search(
            r"Traceback|Exception|NoneType|\b(None|True|False)\b",
            re.sub(r"\{[^}]*\}|If-None-Match", "", message.text),
        )
    ]
    assert odd == []


def test_what_needs_no_fix_is_still_said_somewhere(messages: list[Message]) -> None:
    gone = [text for text in NOTHING_TO_DO if not any(message.text.startswith(text) for message in messages)]
    assert gone == []
