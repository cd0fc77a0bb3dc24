"""Templates: one set of rules for many similar machines, expanded at load, before the checks.

`${machine}` in any string of a template is a variable; `$${` is a literal `${`; `{segment}` is
not affected. A string that is only one variable has the type of its value, so `scale: ${factor}`
is a number.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from werknetz.connector.yaml_format import (
    SIZE_MAX,
    ConfigurationError,
    KeyPath,
    TemplateOrigin,
    YamlDocument,
    did_you_mean,
)

RULES_MAX: Final = 50_000
_CHARS_MAX: Final = SIZE_MAX * 3 // 4  # of the expanded document, which is stored and parsed again
_LISTS: Final = ("rules", "events", "constants")
_USE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: Final[dict[str, tuple[type, ...]]] = {"text": (str,), "number": (int, float)}


@dataclass(slots=True)
class _Template:
    """A template as parsed so far."""

    name: str
    at: KeyPath
    variables: dict[str, str] = field(default_factory=dict)  # name → type
    defaults: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)
    is_applied: bool = False


@dataclass(slots=True)
class _Expansion:
    document: YamlDocument
    at: KeyPath
    templates: dict[str, _Template]
    errors: list[str] = field(default_factory=list)
    generated: dict[str, list[Any]] = field(default_factory=dict)
    origins: dict[KeyPath, TemplateOrigin] = field(default_factory=dict)
    count: int = 0
    chars_left: int = _CHARS_MAX

    def add_error(self, key: KeyPath, text: str) -> None:
        self.errors.append(self.document.error_at(key, text))


def expand_templates(document: YamlDocument, at: KeyPath) -> YamlDocument:
    """Return the document with the templates of the mapping at a key expanded.

    Raises ConfigurationError with every error. A document without templates is returned as is.
    """
    tree = _table_at(document.tree, at)
    if not {"templates", "apply"} & tree.keys():
        return document
    expansion = _Expansion(document, at, {})
    for name in _LISTS:
        own = tree.get(name)
        expansion.generated[name] = list(own) if isinstance(own, list) else []
        if own is not None and not isinstance(own, list):
            expansion.add_error((*at, name), f"{name} is a list: begin each line with a dash")
    _read_templates(expansion, tree.get("templates"))
    _apply(expansion, tree.get("apply"))
    for template in expansion.templates.values():
        if not template.is_applied and not expansion.errors:
            expansion.add_error(
                template.at, f"template {template.name!r} is not applied: add it to `apply`"
            )
    if expansion.errors:
        raise ConfigurationError(expansion.errors)
    rest = {key: value for key, value in tree.items() if key not in {"templates", "apply"}}
    rest |= {name: parts for name, parts in expansion.generated.items() if parts}
    return replace(
        document, tree=_replace_at(document.tree, at, rest), template_origins=expansion.origins
    )


def _read_templates(expansion: _Expansion, value: Any) -> None:
    key: KeyPath = (*expansion.at, "templates")
    if not isinstance(value, dict):
        if value is not None or "apply" in _table_at(expansion.document.tree, expansion.at):
            expansion.add_error(
                key, "`templates` is a table: a name, and below it variables and rules"
            )
        return
    for name, body in value.items():
        template = _Template(name, (*key, name))
        expansion.templates[name] = template
        if not isinstance(body, dict):
            expansion.add_error(
                template.at, f"template {name!r} has no rules: add variables and rules"
            )
            continue
        for word in body.keys() - {"variables", *_LISTS}:
            text = f"key {word!r} is not known{did_you_mean(word, ['variables', *_LISTS])}"
            expansion.add_error((*template.at, word), text)
        _read_variables(expansion, template, body.get("variables"))
        for word in _LISTS:
            part = body.get(word, [])
            if isinstance(part, list):
                template.parts[word] = part
            else:
                text = f"{word} is a list: begin each line with a dash"
                expansion.add_error((*template.at, word), text)
        _check_uses(expansion, template)


def _read_variables(expansion: _Expansion, template: _Template, value: Any) -> None:
    key: KeyPath = (*template.at, "variables")
    if not isinstance(value, dict):
        if value is not None:
            expansion.add_error(key, "variables is a table such as {machine: text}")
        return
    for name, declaration in value.items():
        at: KeyPath = (*key, name)
        if not _NAME.fullmatch(name):
            expansion.add_error(at, f"variable {name!r}: name it with a-z, 0-9 and _")
        default = declaration.get("default") if isinstance(declaration, dict) else None
        kind = (
            declaration.get("type", _type_of(default))
            if isinstance(declaration, dict)
            else declaration
        )
        template.variables[name] = kind if kind in _TYPES else "text"
        if kind not in _TYPES or (
            isinstance(declaration, dict) and declaration.keys() - {"type", "default"}
        ):
            text = f"variable {name!r} is text, number, or a table such as {{default: '12'}}"
            expansion.add_error(at, text)
        elif default is not None:
            if (type_error := _type_error(name, default, kind)) is not None:
                expansion.add_error((*at, "default"), type_error)
            template.defaults[name] = default


def _check_uses(expansion: _Expansion, template: _Template) -> None:
    """Check that each used variable is declared, and each declared variable is used."""
    used: set[str] = set()
    for word, part in template.parts.items():
        for key, text in _strings(part, (*template.at, word)):
            for match in _USE.finditer(text):
                if match.group() == "$${":
                    continue
                name = match.group(1)
                if name is None:
                    expansion.add_error(
                        key, f"{text!r} has ${{ without }}: write $${{ for a literal ${{"
                    )
                elif name not in template.variables:
                    hint = did_you_mean(name, [*template.variables]) or ": it has none"
                    expansion.add_error(
                        key, f"{text!r} uses variable {name!r}, not of the template{hint}"
                    )
                else:
                    used.add(name)
    for name in template.variables:
        if name not in used:
            text = f"variable {name!r} is not used: use ${{{name}}}, or remove it"
            expansion.add_error((*template.at, "variables", name), text)


def _apply(expansion: _Expansion, value: Any) -> None:
    key: KeyPath = (*expansion.at, "apply")
    if not isinstance(value, list):
        if value is not None:
            expansion.add_error(key, "`apply` is a list: - {template: …, with: [{…}]}")
        return
    for number, application in enumerate(value):
        at: KeyPath = (*key, number)
        if not isinstance(application, dict) or application.keys() != {"template", "with"}:
            expansion.add_error(at, "an application has exactly the keys `template` and `with`")
            continue
        template = expansion.templates.get(str(application["template"]))
        if template is None:
            hint = did_you_mean(str(application["template"]), [*expansion.templates])
            expansion.add_error(
                (*at, "template"), f"template {application['template']!r} is not known{hint}"
            )
            continue
        template.is_applied = True
        if not isinstance(application["with"], list) or not application["with"]:
            expansion.add_error(
                (*at, "with"), "`with` is a list with the variables of each machine"
            )
            continue
        for n, values in enumerate(application["with"]):
            _apply_once(expansion, template, values, (*at, "with", n))


def _apply_once(expansion: _Expansion, template: _Template, arguments: Any, at: KeyPath) -> None:
    values = _values(expansion, template, arguments, at)
    if (
        values is None
        or expansion.errors
        or expansion.count > RULES_MAX
        or expansion.chars_left < 0
    ):
        return
    written = ", ".join(f"{name}: {value}" for name, value in arguments.items())[:200]
    line = expansion.document.line_of(at)
    note = f"template {template.name!r}, applied on line {line} with {written}"
    for word, part in template.parts.items():
        for n, body in enumerate(part):
            target: KeyPath = (*expansion.at, word, len(expansion.generated[word]))
            expansion.origins[target] = TemplateOrigin((*template.at, word, n), note)
            expansion.generated[word].append(_fill_node(expansion, body, values))
            expansion.count += 1
    if expansion.count > RULES_MAX or expansion.chars_left < 0:
        limit = f"{RULES_MAX} rules or {_CHARS_MAX // 1_000_000} MB"
        expansion.add_error(
            at, f"the templates generate more than {limit}: split the mapping over connectors"
        )


def _values(
    expansion: _Expansion, template: _Template, arguments: Any, at: KeyPath
) -> dict[str, Any] | None:
    """Return the variables of one application, with defaults; None where there are errors."""
    if not isinstance(arguments, dict):
        expansion.add_error(at, "the variables of a machine are a table such as {machine: press-1}")
        return None
    before = len(expansion.errors)
    for name, value in arguments.items():
        if name not in template.variables:
            hint = did_you_mean(name, [*template.variables]) or ": it has none"
            text = f"template {template.name!r} has no variable {name!r}{hint}"
            expansion.add_error((*at, name), text)
        elif (type_error := _type_error(name, value, template.variables[name])) is not None:
            expansion.add_error((*at, name), type_error)
    values = template.defaults | arguments
    for name in template.variables:
        if name not in values:
            expansion.add_error(
                at, f"variable {name!r} of template {template.name!r} is missing: add it"
            )
    return values if len(expansion.errors) == before else None


def _fill_node(expansion: _Expansion, node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, str):
        text = _fill(node, values)
        expansion.chars_left -= len(str(text)) + 4
        return text
    if isinstance(node, list):
        return [_fill_node(expansion, inner, values) for inner in node]
    if isinstance(node, dict):
        pairs = node.items()
        return {
            str(_fill_node(expansion, k, values)): _fill_node(expansion, v, values)
            for k, v in pairs
        }
    expansion.chars_left -= 12
    return node


def _fill(text: str, values: Mapping[str, Any]) -> Any:
    whole = _USE.fullmatch(text)
    if whole is not None and whole.group(1) is not None:
        return values[whole.group(1)]
    return _USE.sub(lambda match: str(values[match[1]]) if match[1] is not None else "${", text)


def _strings(node: Any, key: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, list):
        for n, inner in enumerate(node):
            yield from _strings(inner, (*key, n))
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield (*key, name), name
            yield from _strings(inner, (*key, name))


def _type_error(name: str, value: Any, kind: str) -> str | None:
    if isinstance(value, _TYPES[kind]) and not isinstance(value, bool):
        return None
    if kind == "text":
        return f"variable {name!r} is a text, but {value!r} is not: put it in quotes"
    return f"variable {name!r} is a number, but {value!r} is not: write it without quotes"


def _type_of(default: Any) -> str:
    is_number = isinstance(default, (int, float)) and not isinstance(default, bool)
    return "number" if is_number else "text"


def _table_at(tree: Any, at: KeyPath) -> dict[str, Any]:
    for step in at:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _replace_at(tree: Any, at: KeyPath, inner: dict[str, Any]) -> Any:
    """Return the tree with another table at a key; the original is not changed."""
    return {**tree, at[0]: _replace_at(tree[at[0]], at[1:], inner)} if at else inner
