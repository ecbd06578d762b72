"""What a shell offers at TAB: platforms, campaigns, tables, time zones; and how that is switched on.

The program runs at each TAB, so nothing slow is imported; and it runs while somebody types, so what cannot be
read offers nothing and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from typer import completion
from typer._completion_shared import _get_shell_name

# Where a shell cannot be told: a container's first process, cron.
_UNKNOWN_SHELL = (
    "the shell that this runs in is not known, or not bash, zsh, fish or PowerShell; run it from there, or "
    "write the script yourself: _CAMPAIGN_COMPLETE=source_bash campaign > FILE (or source_zsh, source_fish)"
)


def platforms(incomplete: str) -> list[str]:
    """The platforms that have a connector."""
    from connectors import discover

    return [platform for platform in discover() if platform.startswith(incomplete)]


def campaigns(incomplete: str) -> list[str]:
    """The ids of the campaigns in the registry."""
    return [each for each in sorted(set(_registered())) if each.startswith(incomplete)]


def reported(incomplete: str) -> list[str]:
    """The ids of the campaigns in the registry or in the tables."""
    return [each for each in sorted({*_registered(), *_built()}) if each.startswith(incomplete)]


def marts(incomplete: str) -> list[str]:
    """The names of the marts."""
    import warehouse

    folder = Path(warehouse.__file__).with_name("marts")
    return sorted(file.stem for file in folder.glob("*.sql") if file.stem.startswith(incomplete))


def zones(incomplete: str) -> list[str]:
    """The names of time zones."""
    from flows.registry.zones import time_zones

    return sorted(zone for zone in time_zones() if zone.startswith(incomplete))


def switch_on(ctx: Any, param: Any, value: bool | None) -> None:
    """What `--install-completion` does, with errors in one plain line."""
    _through(completion.install_callback, ctx, param, value)


def show_script(ctx: Any, param: Any, value: bool | None) -> None:
    """What `--show-completion` does, likewise."""
    _through(completion.show_callback, ctx, param, value)


def _through(callback: Callable[..., Any], ctx: Any, param: Any, value: bool | None) -> None:
    if not value or ctx.resilient_parsing:
        return
    from flows.cli.running import fail
    from flows.cures import in_one_line

    shell = _get_shell_name()
    if shell not in ("bash", "zsh", "fish", "powershell", "pwsh"):
        fail(_UNKNOWN_SHELL)
    try:
        callback(ctx, param, shell)
    except OSError as error:
        fail(f"{in_one_line(error)}; or put what --show-completion writes where your shell reads it")
    except UnicodeDecodeError:
        fail("your shell's start-up file is not text; put what --show-completion writes where it reads it")


def _registered() -> Iterator[str]:
    import tomllib

    from flows.settings import Settings, SettingsError

    with suppress(SettingsError, OSError):
        registry = Settings().registry
        for file in [registry] if registry.is_file() else sorted(registry.glob("[!.]*.toml")):
            # A TOMLDecodeError is a ValueError, as is what int() says of a long number.
            with suppress(OSError, ValueError, RecursionError):
                found = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("id")
                if isinstance(found, str) and _is_word(found):
                    yield found


def _built() -> Iterator[str]:
    from flows.settings import Settings, SettingsError
    from warehouse.publish import NoWarehouse, ask

    with suppress(SettingsError, OSError, NoWarehouse):
        for (found,) in ask(Settings().warehouse, "select campaign_id from registry.campaigns"):
            if _is_word(found):
                yield str(found)


def _is_word(text: str) -> bool:
    """Whether a shell can take it as it is: the file may be anybody's."""
    return text.isascii() and text.replace("-", "").isalnum()
