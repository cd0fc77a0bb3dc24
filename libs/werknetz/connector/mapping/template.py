"""Templates: one mapping for many like machines. Expanded when a mapping is loaded, before checks.

`${machine}` in any string of a template is a variable of its application; `$${` is a plain `${`;
`{segment}` keeps its own meaning. A string that is one variable and nothing else has its type, so
that `scale: ${factor}` is a number.
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
_ROOM: Final = SIZE_MAX * 3 // 4  # of the expanded document, which is kept and read again
_LISTS: Final = ("rules", "events", "constants")
_USE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: Final[dict[str, tuple[type, ...]]] = {"text": (str,), "number": (int, float)}


@dataclass(slots=True)
class _Template:
    """What has been read of it."""

    name: str
    at: KeyPath
    variables: dict[str, str] = field(default_factory=dict)  # name → type
    defaults: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)
    is_applied: bool = False


@dataclass(slots=True)
class _Expansion:
    form: YamlDocument
    at: KeyPath
    templates: dict[str, _Template]
    errors: list[str] = field(default_factory=list)
    made: dict[str, list[Any]] = field(default_factory=dict)
    placed: dict[KeyPath, TemplateOrigin] = field(default_factory=dict)
    count: int = 0
    room: int = _ROOM

    def wrong(self, key: KeyPath, text: str) -> None:
        self.errors.append(self.form.error_at(key, text))


def expand_templates(form: YamlDocument, at: KeyPath) -> YamlDocument:
    """Return the form with the templates of the mapping at a key put in as rules and events.

    Raises ConfigurationError with every error. A form without templates is returned as it is.
    """
    tree = _at(form.tree, at)
    if not {"templates", "apply"} & tree.keys():
        return form
    work = _Expansion(form, at, {})
    for name in _LISTS:
        own = tree.get(name)
        work.made[name] = list(own) if isinstance(own, list) else []
        if own is not None and not isinstance(own, list):
            work.wrong((*at, name), f"{name} is a list: begin each line with a dash")
    _read_templates(work, tree.get("templates"))
    _apply(work, tree.get("apply"))
    for template in work.templates.values():
        if not template.is_applied and not work.errors:
            work.wrong(template.at, f"template {template.name!r} is not applied: add it to `apply`")
    if work.errors:
        raise ConfigurationError(work.errors)
    rest = {key: value for key, value in tree.items() if key not in {"templates", "apply"}}
    rest |= {name: made for name, made in work.made.items() if made}
    return replace(form, tree=_with(form.tree, at, rest), template_origins=work.placed)


def _read_templates(work: _Expansion, given: Any) -> None:
    key: KeyPath = (*work.at, "templates")
    if not isinstance(given, dict):
        if given is not None or "apply" in _at(work.form.tree, work.at):
            work.wrong(key, "`templates` is a table: a name, and below it variables and rules")
        return
    for name, body in given.items():
        template = _Template(name, (*key, name))
        work.templates[name] = template
        if not isinstance(body, dict):
            work.wrong(template.at, f"template {name!r} has no rules: add variables and rules")
            continue
        for word in body.keys() - {"variables", *_LISTS}:
            text = f"key {word!r} is not known{did_you_mean(word, ['variables', *_LISTS])}"
            work.wrong((*template.at, word), text)
        _read_variables(work, template, body.get("variables"))
        for word in _LISTS:
            part = body.get(word, [])
            if isinstance(part, list):
                template.parts[word] = part
            else:
                text = f"{word} is a list: begin each line with a dash"
                work.wrong((*template.at, word), text)
        _check_uses(work, template)


def _read_variables(work: _Expansion, template: _Template, given: Any) -> None:
    key: KeyPath = (*template.at, "variables")
    if not isinstance(given, dict):
        if given is not None:
            work.wrong(key, "variables is a table such as {machine: text}")
        return
    for name, said in given.items():
        at: KeyPath = (*key, name)
        if not _NAME.fullmatch(name):
            work.wrong(at, f"variable {name!r}: name it with a-z, 0-9 and _")
        default = said.get("default") if isinstance(said, dict) else None
        kind = said.get("type", _type_of(default)) if isinstance(said, dict) else said
        template.variables[name] = kind if kind in _TYPES else "text"
        if kind not in _TYPES or (isinstance(said, dict) and said.keys() - {"type", "default"}):
            text = f"variable {name!r} is text, number, or a table such as {{default: '12'}}"
            work.wrong(at, text)
        elif default is not None:
            if (misfit := _misfit(name, default, kind)) is not None:
                work.wrong((*at, "default"), misfit)
            template.defaults[name] = default


def _check_uses(work: _Expansion, template: _Template) -> None:
    """Each variable that is named is declared, and each that is declared is named."""
    used: set[str] = set()
    for word, part in template.parts.items():
        for key, text in _strings(part, (*template.at, word)):
            for found in _USE.finditer(text):
                if found.group() == "$${":
                    continue
                name = found.group(1)
                if name is None:
                    work.wrong(key, f"{text!r} has ${{ without an end: write $${{ for the signs")
                elif name not in template.variables:
                    there = did_you_mean(name, [*template.variables]) or ": it has none"
                    work.wrong(key, f"{text!r} names variable {name!r}, not of the template{there}")
                else:
                    used.add(name)
    for name in template.variables:
        if name not in used:
            text = f"variable {name!r} is not used: write ${{{name}}} somewhere, or drop it"
            work.wrong((*template.at, "variables", name), text)


def _apply(work: _Expansion, given: Any) -> None:
    key: KeyPath = (*work.at, "apply")
    if not isinstance(given, list):
        if given is not None:
            work.wrong(key, "`apply` is a list: - {template: …, with: [{…}]}")
        return
    for number, one in enumerate(given):
        at: KeyPath = (*key, number)
        if not isinstance(one, dict) or one.keys() != {"template", "with"}:
            work.wrong(at, "an application has `template` and `with`, and nothing else")
            continue
        template = work.templates.get(str(one["template"]))
        if template is None:
            near = did_you_mean(str(one["template"]), [*work.templates])
            work.wrong((*at, "template"), f"template {one['template']!r} is not known{near}")
            continue
        template.is_applied = True
        if not isinstance(one["with"], list) or not one["with"]:
            work.wrong((*at, "with"), "`with` is a list with the variables of each machine")
            continue
        for n, values in enumerate(one["with"]):
            _one(work, template, values, (*at, "with", n))


def _one(work: _Expansion, template: _Template, given: Any, at: KeyPath) -> None:
    values = _values(work, template, given, at)
    if values is None or work.errors or work.count > RULES_MAX or work.room < 0:
        return
    said = ", ".join(f"{name}: {value}" for name, value in given.items())[:200]
    note = f"template {template.name!r}, applied on line {work.form.line_of(at)} with {said}"
    for word, part in template.parts.items():
        for n, body in enumerate(part):
            place: KeyPath = (*work.at, word, len(work.made[word]))
            work.placed[place] = TemplateOrigin((*template.at, word, n), note)
            work.made[word].append(_filled(work, body, values))
            work.count += 1
    if work.count > RULES_MAX or work.room < 0:
        limit = f"{RULES_MAX} rules or {_ROOM // 1_000_000} MB"
        work.wrong(at, f"the templates make more than {limit}: divide the mapping over connectors")


def _values(
    work: _Expansion, template: _Template, given: Any, at: KeyPath
) -> dict[str, Any] | None:
    """The variables of one application, with defaults; None where something is wrong."""
    if not isinstance(given, dict):
        work.wrong(at, "the variables of a machine are a table such as {machine: press-1}")
        return None
    before = len(work.errors)
    for name, value in given.items():
        if name not in template.variables:
            there = did_you_mean(name, [*template.variables]) or ": it has none"
            text = f"template {template.name!r} has no variable {name!r}{there}"
            work.wrong((*at, name), text)
        elif (misfit := _misfit(name, value, template.variables[name])) is not None:
            work.wrong((*at, name), misfit)
    values = template.defaults | given
    for name in template.variables:
        if name not in values:
            work.wrong(at, f"variable {name!r} of template {template.name!r} is missing: add it")
    return values if len(work.errors) == before else None


def _filled(work: _Expansion, node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, str):
        filled = _fill(node, values)
        work.room -= len(str(filled)) + 4
        return filled
    if isinstance(node, list):
        return [_filled(work, inner, values) for inner in node]
    if isinstance(node, dict):
        pairs = node.items()
        return {str(_filled(work, k, values)): _filled(work, v, values) for k, v in pairs}
    work.room -= 12
    return node


def _fill(text: str, values: Mapping[str, Any]) -> Any:
    whole = _USE.fullmatch(text)
    if whole is not None and whole.group(1) is not None:
        return values[whole.group(1)]
    return _USE.sub(lambda found: str(values[found[1]]) if found[1] is not None else "${", text)


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


def _misfit(name: str, value: Any, kind: str) -> str | None:
    if isinstance(value, _TYPES[kind]) and not isinstance(value, bool):
        return None
    if kind == "text":
        return f"variable {name!r} is a text, but {value!r} is none: put it in quotes"
    return f"variable {name!r} is a number, but {value!r} is none: write it without quotes"


def _type_of(default: Any) -> str:
    is_number = isinstance(default, (int, float)) and not isinstance(default, bool)
    return "number" if is_number else "text"


def _at(tree: Any, at: KeyPath) -> dict[str, Any]:
    for step in at:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _with(tree: Any, at: KeyPath, inner: dict[str, Any]) -> Any:
    """The tree with another table at a key; what was read stays as it was."""
    return {**tree, at[0]: _with(tree[at[0]], at[1:], inner)} if at else inner
