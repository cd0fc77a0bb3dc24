"""`werknetz mapping check FILE…`: report each error with its line and remedy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.yaml_format import ConfigurationError, KeyPath, YamlDocument, load_yaml
from werknetz.runtime.command import get_or_add_group

_KINDS: Final = tuple(k for k in ("rules", "events", "constants") if k in Mapping.model_fields)


def register(app: typer.Typer) -> None:
    mapping = get_or_add_group(
        app, "mapping", "Mappings: which address is which signal, and what it means."
    )
    mapping.command("check")(check)


def check(
    files: Annotated[
        list[Path], typer.Argument(help="YAML of a mapping, or of an edge with its mapping")
    ],
) -> None:
    """Check mapping files; report each error with file, line and remedy."""
    failed = 0
    for file in files:
        try:
            form, at = _form_of(file)
            mapping = parse_mapping(form, at)
        except ConfigurationError as error:
            failed += 1
            for text in error.errors:
                typer.echo(text, err=True)
            continue
        typer.echo(f"{form.file}: {mapping.label} can be loaded")
        for line in _summary(form, at, mapping):
            typer.echo(f"  {line}")
    if failed:
        raise typer.Exit(2)


def _form_of(file: Path) -> tuple[YamlDocument, KeyPath]:
    """Locate the mapping: below the key `mapping`, in another file, or the whole document."""
    form = load_yaml(file)
    tree = form.tree if isinstance(form.tree, dict) else {}
    mapping = tree.get("mapping")
    if isinstance(mapping, dict) and set(mapping) == {"file"}:
        return load_yaml(file.parent / str(mapping["file"])), ("mapping",)
    if "mapping" not in tree and {"name", "version"} <= tree.keys():
        return form, ()
    return form, ("mapping",)


def _summary(form: YamlDocument, at: KeyPath, mapping: Mapping) -> Iterator[str]:
    for kind in _KINDS:
        entries = getattr(mapping, kind)
        if entries or kind == "rules":
            yield f"{kind:<10} {len(entries)}{_details(kind, entries)}"
    tree: Any = form.tree
    for step in at:
        tree = tree[step]
    applied = tree.get("apply") or []
    if applied:
        machines = sum(len(template["with"]) for template in applied)
        added = sum(len(getattr(mapping, kind)) - len(tree.get(kind) or []) for kind in _KINDS)
        yield f"templates  {len(tree['templates'])}, for {machines} machines: {added} entries added"
    tables = sorted({rule.states for rule in mapping.rules if rule.states is not None})
    for table in tables:
        users = sum(rule.states == table for rule in mapping.rules)
        yield f"states     {table}: {len(mapping.state_table(table))} codes, used by {users} rules"
    for table in sorted(mapping.enums.keys() - tables):
        yield f"states     {table}: no rule reads it"


def _details(kind: str, rules: Any) -> str:
    """Count the rules with named segments, with expressions, and the ignored ones."""
    if kind == "constants":
        return ""
    counts = {
        "with segments": sum(bool(Pattern.parse(rule.source).names) for rule in rules),
        "with expressions": sum(_is_computed(rule) for rule in rules),
        "ignored": sum(rule.ignore for rule in rules),
    }
    details = ", ".join(f"{count} {label}" for label, count in counts.items() if count)
    return f" ({details})" if details else ""


def _is_computed(rule: Any) -> bool:
    own = [rule, *getattr(rule, "fields", {}).values(), getattr(rule, "at", None)]
    return any(
        getattr(part, name, None) is not None for part in own for name in ("when", "expression")
    )
