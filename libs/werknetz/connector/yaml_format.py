"""YAML that remembers its lines, so that an error can say where it is.

Keys are text as written (`4`, `on`), and dates stay text: YAML guesses both wrongly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SIZE_MAX: Final = 8_000_000
DEPTH_MAX: Final = 32
NODES_MAX: Final = 1_000_000  # an alias of an alias of an alias must not eat the memory

KeyPath = tuple[str | int, ...]


class ConfigurationError(ValueError):
    """Errors of a file, each with file, line, what is wrong and the remedy."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class TemplateOrigin:
    """A part of the tree that was made from another: where that stands, and what made it."""

    origin: KeyPath
    note: str


@dataclass(slots=True)
class YamlDocument:
    """What a YAML file says, and on which line it says it."""

    file: str
    tree: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    template_origins: dict[KeyPath, TemplateOrigin] = field(
        default_factory=dict
    )  # by the key of what was made

    def line_of(self, key: KeyPath) -> int:
        """Return the line of a key, or of the nearest thing around it."""
        key, _ = self._origin(key)
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def error_at(self, key: KeyPath, text: str) -> str:
        _, note = self._origin(key)
        made_by = f" ({note})" if note else ""
        return f"{self.file}, line {self.line_of(key)}{made_by}: {text}"

    def _origin(self, key: KeyPath) -> tuple[KeyPath, str]:
        for size in range(len(key), 0, -1) if self.template_origins else ():
            if (placed := self.template_origins.get(key[:size])) is not None:
                return (*placed.origin, *key[size:]), placed.note
        return key, ""


class _Loader(yaml.SafeLoader):
    """The safe loader without guesses at dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(path: Path) -> YamlDocument:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: is not UTF-8 text: save it as UTF-8"]) from error
    return parse_yaml(text, file=str(path))


def parse_yaml(text: str, *, file: str) -> YamlDocument:
    """Read YAML; raise ConfigurationError that names the line."""
    if len(text) > SIZE_MAX:
        raise ConfigurationError([f"{file}: is larger than {SIZE_MAX // 1_000_000} MB"])
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        text = f"holds the character #x{error.character:04x}: remove it"
        raise ConfigurationError([f"{file}: {text}"]) from error
    try:
        node = loader.get_single_node()
        form = YamlDocument(file, None)
        if node is not None:
            form.tree = _Reader(loader, form).read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(
            [f"{file}, line {line}: is not YAML: {error.problem}; look at indents and quotes"]
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError([f"{file}: is not YAML: {error}"]) from error
    except RecursionError as error:
        raise ConfigurationError([f"{file}: is nested too deeply"]) from error
    finally:
        loader.dispose()
    return form


@dataclass(slots=True)
class _Reader:
    loader: _Loader
    form: YamlDocument
    nodes: int = 0

    def read(self, node: yaml.Node, key: KeyPath) -> Any:
        self.form.lines[key] = node.start_mark.line + 1
        self.nodes += 1
        if self.nodes > NODES_MAX or len(key) > DEPTH_MAX:
            raise ConfigurationError([self.form.error_at(key, "is too large or nested too deeply")])
        if node.tag.startswith(("tag:yaml.org,2002:python/", "!")):
            raise ConfigurationError(
                [self.form.error_at(key, f"tag {node.tag} is code: remove it")]
            )
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*key, n)) for n, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except ValueError as error:
            text = f"{node.value!r} cannot be read: put it in quotes if text is meant"
            raise ConfigurationError([self.form.error_at(key, text)]) from error

    def _read_mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name_node, value in node.value:
            inner = (*key, str(name_node.value))
            if not isinstance(name_node, yaml.ScalarNode):
                raise ConfigurationError([self.form.error_at(key, "a key must be a plain text")])
            if name_node.value in read:
                first = self.form.line_of(inner)
                self.form.lines[inner] = name_node.start_mark.line + 1
                text = f"key {name_node.value!r} stands here and on line {first}: keep one of them"
                raise ConfigurationError([self.form.error_at(inner, text)])
            read[name_node.value] = self.read(value, inner)
            self.form.lines[inner] = name_node.start_mark.line + 1
        return read


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `: did you mean 'x'?`, or what there is where nothing is near."""
    if near := get_close_matches(word, known, n=1, cutoff=0.6):
        return f": did you mean {near[0]!r}?"
    return f": there are {', '.join(map(repr, known[:20]))}" if known else ""


def explain_errors(
    form: YamlDocument, at: KeyPath, error: ValidationError, model: type[BaseModel] | None = None
) -> list[str]:
    """Say each error of a pydantic model as a line of the file, with the remedy.

    The model is for suggestions: which keys it knows.
    """
    return [
        form.error_at((*at, *detail["loc"]), _sentence(detail, model)) for detail in error.errors()
    ]


def _sentence(detail: ErrorDetails, model: type[BaseModel] | None) -> str:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            known = _fields(model, detail["loc"][:-1]) if model is not None else []
            return f"key {name!r} is not known{did_you_mean(name, known)}"
        case "missing":
            return f"key {name!r} is missing: add it"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case "enum" | "literal_error":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            return f"{name} {detail['input']!r} is not known: take one of {expected}"
        case _:
            return f"{name} {detail['input']!r}: {detail['msg'].lower()}"


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that the model knows at a path."""
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        found = _model_in(model.model_fields[step].annotation)
        if found is None:
            return []
        model = found
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if (found := _model_in(part)) is not None:
            return found
    return None
