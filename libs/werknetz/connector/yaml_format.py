"""YAML with the line of each key, so that an error can name its line.

Keys stay text as written (`4`, `on`), and so do dates: YAML would convert both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_BREAKS: Final = re.compile("[\x85\u2028\u2029\ufeff]")
SIZE_MAX: Final = 8_000_000
DEPTH_MAX: Final = 32
NODES_MAX: Final = 1_000_000  # nested aliases must not exhaust the memory

KeyPath = tuple[str | int, ...]


class ConfigurationError(ValueError):
    """Errors of a file, each with file, line, what is wrong and the remedy."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class TemplateOrigin:
    """Where a part of the tree comes from that a template generated."""

    origin: KeyPath
    note: str


@dataclass(slots=True)
class YamlDocument:
    """The content of a YAML file, and the line of each key."""

    file: str
    tree: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    template_origins: dict[KeyPath, TemplateOrigin] = field(
        default_factory=dict
    )  # by the key of the generated part

    def line_of(self, key: KeyPath) -> int:
        """Return the line of a key, or of the nearest key that encloses it."""
        key, _ = self._origin(key)
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def written_at(self, key: KeyPath) -> KeyPath:
        """Return where a part is written: in its template, if one generated it."""
        return self._origin(key)[0]

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
    """The safe loader, without conversion of dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# Ten times as fast, where it is installed: a mapping may have thousands of rules.
_SAFE_DUMPER: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Dumper: Final[Any] = type("_Dumper", (_SAFE_DUMPER,), {})


def _represent_text(dumper: Any, text: str) -> Any:
    # A line break of Unicode must be escaped: unescaped, YAML reads it as a space.
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(tree: Any, *, width: int | None = None) -> str:
    """Return YAML from which the same tree is read, in the order of its keys."""
    return yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=width)


def load_yaml(path: Path) -> YamlDocument:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: is not UTF-8 text: save it as UTF-8"]) from error
    return parse_yaml(text, file=str(path))


def parse_yaml(text: str, *, file: str) -> YamlDocument:
    """Parse YAML; raise ConfigurationError with the line."""
    if len(text) > SIZE_MAX:
        raise ConfigurationError([f"{file}: is larger than {SIZE_MAX // 1_000_000} MB"])
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        text = f"contains the character #x{error.character:04x}: remove it"
        raise ConfigurationError([f"{file}: {text}"]) from error
    try:
        node = loader.get_single_node()
        document = YamlDocument(file, None)
        if node is not None:
            document.tree = _Reader(loader, document).read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(
            [f"{file}, line {line}: is not YAML: {error.problem}; check indents and quotes"]
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError([f"{file}: is not YAML: {error}"]) from error
    except RecursionError as error:
        raise ConfigurationError([f"{file}: is nested too deeply"]) from error
    finally:
        loader.dispose()
    return document


@dataclass(slots=True)
class _Reader:
    loader: _Loader
    document: YamlDocument
    nodes: int = 0

    def read(self, node: yaml.Node, key: KeyPath) -> Any:
        self.document.lines[key] = node.start_mark.line + 1
        self.nodes += 1
        if self.nodes > NODES_MAX or len(key) > DEPTH_MAX:
            raise ConfigurationError(
                [self.document.error_at(key, "is too large or nested too deeply")]
            )
        if node.tag.startswith(("tag:yaml.org,2002:python/", "!")):
            raise ConfigurationError(
                [self.document.error_at(key, f"tag {node.tag} is code: remove it")]
            )
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*key, n)) for n, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except ValueError as error:
            text = f"{node.value!r} cannot be read: put it in quotes if it is a text"
            raise ConfigurationError([self.document.error_at(key, text)]) from error

    def _read_mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name_node, value in node.value:
            inner = (*key, str(name_node.value))
            if not isinstance(name_node, yaml.ScalarNode):
                raise ConfigurationError([self.document.error_at(key, "a key must be a text")])
            if name_node.value in read:
                first = self.document.line_of(inner)
                self.document.lines[inner] = name_node.start_mark.line + 1
                text = f"key {name_node.value!r} occurs here and on line {first}: keep one of them"
                raise ConfigurationError([self.document.error_at(inner, text)])
            read[name_node.value] = self.read(value, inner)
            self.document.lines[inner] = name_node.start_mark.line + 1
        return read


def did_you_mean(word: str, names: Sequence[str]) -> str:
    """Return `: did you mean 'x'?`, or the list of names where none is similar."""
    if near := get_close_matches(word, names, n=1, cutoff=0.6):
        return f": did you mean {near[0]!r}?"
    return f": there are {', '.join(map(repr, names[:20]))}" if names else ""


def explain_errors(
    document: YamlDocument,
    at: KeyPath,
    error: ValidationError,
    model: type[BaseModel] | None = None,
) -> list[str]:
    """Return each error of a pydantic model with its line in the file and the remedy.

    The model provides the keys for suggestions.
    """
    return [
        document.error_at((*at, *detail["loc"]), _sentence(detail, model))
        for detail in error.errors()
    ]


def _sentence(detail: ErrorDetails, model: type[BaseModel] | None) -> str:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            names = _fields(model, detail["loc"][:-1]) if model is not None else []
            return f"key {name!r} is not known{did_you_mean(name, names)}"
        case "missing":
            return f"key {name!r} is missing: add it"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case "enum" | "literal_error":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            return f"{name} {detail['input']!r} is not known: use one of {expected}"
        case _:
            return f"{name} {detail['input']!r}: {detail['msg'].lower()}"


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Return the keys of the model at a path."""
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        inner = _model_in(model.model_fields[step].annotation)
        if inner is None:
            return []
        model = inner
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if (model := _model_in(part)) is not None:
            return model
    return None
