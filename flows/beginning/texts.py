"""The two files of a new team, from their templates: all that can be set is in them, explained."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from string import Template

from flows.beginning.answers import Answers
from flows.beginning.quoting import in_env, in_toml
from flows.registry import Account, Side


def env_template() -> str:
    """`.env.example`: every setting, none of them set."""
    return _packaged("env.example")


def env_text(values: Mapping[str, str]) -> str:
    """The text of a `.env` that sets these and explains the others. Raises Unusable."""
    lines = env_template().splitlines()
    for name, value in values.items():
        line = in_env(name, value)
        unset = next((n for n, each in enumerate(lines) if each.startswith(f"#{name}=")), None)
        if unset is None:
            lines += ["", line]
        else:
            lines[unset] = line
    return "\n".join(lines) + "\n"


def registry_text(answers: Answers) -> str:
    """The text of the campaign's registry file."""
    return Template(_packaged("campaign.toml")).substitute(
        id=in_toml(answers.id),
        name=in_toml(answers.name),
        starts=answers.starts.isoformat(),
        ends=answers.ends.isoformat(),
        timezone=in_toml(answers.timezone),
        our_side=in_toml(answers.sides[0].id),
        sides="\n".join(map(_side, answers.sides)),
        accounts="\n".join(map(_account, answers.accounts)),
    )


def _side(side: Side) -> str:
    ours = "true" if side.ours else "false"
    return f"[[sides]]\nid = {in_toml(side.id)}\nname = {in_toml(side.name)}\nours = {ours}\n"


def _account(account: Account) -> str:
    key, name = ("id", account.id) if account.handle is None else ("handle", account.handle)
    return (
        f"[[accounts]]\nside = {in_toml(account.side)}\nplatform = {in_toml(account.platform)}\n"
        f"{key} = {in_toml(name or '')}\n"
    )


def _packaged(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
