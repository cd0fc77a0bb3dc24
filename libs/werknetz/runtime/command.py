"""Words of the command line that several services fill: `werknetz mapping check | preview | …`."""

import typer


def get_or_add_group(app: typer.Typer, name: str, help_text: str) -> typer.Typer:
    """Return the group of commands with this name: the one that is there, else a new one."""
    for registered in app.registered_groups:
        if registered.name == name and registered.typer_instance is not None:
            return registered.typer_instance
    made = typer.Typer(help=help_text, no_args_is_help=True)
    made.callback()(lambda: None)  # else a single command would be the group itself
    app.add_typer(made, name=name)
    return made
