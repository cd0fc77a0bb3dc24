"""`werknetz config show`: which settings are in force here and where they are from, no secrets."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz.runtime.environment import VARIABLES
from werknetz.runtime.settings import SettingError, read_env
from werknetz_client.commands.output import Columns, Output, TableOrJson, print_items, prose, text
from werknetz_client.transport import config_file, load_config

MASKED: Final = "…"
SETTINGS: Final[Columns] = {
    "setting": ("name", text), "value": ("value", prose), "from": ("source", text),
    "for": ("description", prose),
}  # fmt: skip
_SECRET: Final = re.compile(r"(KEY|PASSWORD|SECRET|TOKEN)$")
_FILES: Final = frozenset({"WERKNETZ_TLS_KEY"})  # the path of a file, not its content
_PASSWORD_IN_URL: Final = re.compile(r"(?<=:)[^:@/\s]*(?=@)")
_KEY: Final = re.compile(r"wn_[a-z0-9]{2,32}_")


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "config", "The configuration of this machine.")
    commands.command("show")(show)


def show(output: TableOrJson = Output.TABLE) -> None:
    """Show the settings in force: the client's, and every WERKNETZ_ variable that is set."""
    print_items(list(settings_in_force(os.environ)), SETTINGS, output)


def settings_in_force(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield each setting with its value, where secrets are masked, and its source."""
    url, key = load_config()
    file = config_file()
    source = str(file) if file.is_file() else "default"
    if not read_env("WERKNETZ_URL", environment):
        yield _setting("url", url, source, "The API that the command line uses.")
    if not read_env("WERKNETZ_API_KEY", environment):
        shown = None if key is None else mask("WERKNETZ_API_KEY", key)
        yield _setting("api_key", shown, source, "Its API key.")
    for variable in VARIABLES:
        name, description = variable.name, variable.description
        if environment.get(name):
            yield _setting(name, mask(name, environment[name]), "environment", description)
        elif variable.has_file_form and (path := environment.get(f"{name}_FILE")):
            yield _setting(name, _in_file(name, environment), path, description)


def mask(name: str, value: str) -> str:
    """Return a value without what is secret in it; of an API key its prefix stays."""
    if key := _KEY.match(value):
        return f"{key[0]}{MASKED}"
    if _SECRET.search(name) and name not in _FILES:
        return MASKED
    return _PASSWORD_IN_URL.sub(MASKED, value) if "://" in value else value


def _in_file(name: str, environment: Mapping[str, str]) -> str:
    try:
        return mask(name, read_env(name, environment) or "")
    except SettingError as error:
        return f"cannot be read: {error}"


def _setting(name: str, value: str | None, source: str, description: str) -> dict[str, Any]:
    return {"name": name, "value": value, "source": source, "description": description}
