"""Two ways to put a mutant into a process: import it instead of the file, or swap its functions.

The file on disk is never touched, so several trials run at once, and in a tree that people edit.
"""

import gc
import importlib.abc
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType

from mutation.operators import Mutant, tree_of
from mutation.targets import ROOT

Key = tuple[str, int]  # qualified name, first line


class ImportNeededError(Exception):
    """The mutant changes what runs at import: functions that exist cannot take it over."""


def import_mutant(mutant: Mutant, text: str) -> None:
    """Let the next import of the module take the mutant. `text` is the unchanged file."""
    path = ROOT / mutant.module
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts[1:])
    code = _compile(mutant, text)
    sys.meta_path.insert(0, _Finder(name.removesuffix(".__init__"), str(path), code))


def swap_functions(mutant: Mutant, text: str) -> None:
    """Give the loaded module's functions the code of the mutant.

    Raises ImportNeededError if that does not make the whole change, and then changes nothing.
    """
    old = compile(text, ROOT / mutant.module, "exec")
    new = _compile(mutant, text)
    if _runs_differently_at_import(old, new):
        raise ImportNeededError(f"{mutant} runs at import")
    before, after = _functions_of(old), _functions_of(new)
    changed = {key: code for key, code in after.items() if before.get(key) != code}
    swaps = [
        (function, changed[key])
        for function in _loaded_functions(old.co_filename)
        if (key := _key_of(function.__code__)) in changed
    ]
    for function, code in swaps:
        loaded = function.__code__
        if loaded != before.get(_key_of(loaded)) or loaded.co_freevars != code.co_freevars:
            raise ImportNeededError(f"{mutant}: {function.__qualname__} is another function")
    if not swaps:
        raise ImportNeededError(f"{mutant}: no function has it")
    for function, code in swaps:
        function.__code__ = code


def _compile(mutant: Mutant, text: str) -> CodeType:
    return compile(tree_of(text, mutant.number), ROOT / mutant.module, "exec")


def _runs_differently_at_import(old: CodeType, new: CodeType) -> bool:
    """Compare a module's or class's own instructions, and those of the classes in it."""
    if (old.co_code, old.co_names, _values_of(old)) != (new.co_code, new.co_names, _values_of(new)):
        return True
    pairs = zip(_inner_codes(old), _inner_codes(new), strict=True)
    return any(_runs_differently_at_import(a, b) for a, b in pairs if not _is_function(a))


def _values_of(code: CodeType) -> list[object]:
    return [
        _key_of(value) if isinstance(value, CodeType) else (type(value), value)
        for value in code.co_consts
    ]


def _functions_of(code: CodeType) -> dict[Key, CodeType]:
    """Return every function in the code, without those that share a name and a line."""
    functions: dict[Key, CodeType] = {}
    doubles: set[Key] = set()
    for function in _all_functions(code):
        key = _key_of(function)
        if key in functions:
            doubles.add(key)
        functions[key] = function
    return {key: function for key, function in functions.items() if key not in doubles}


def _all_functions(code: CodeType) -> Iterator[CodeType]:
    for inner in _inner_codes(code):
        if _is_function(inner):
            yield inner
        yield from _all_functions(inner)


def _inner_codes(code: CodeType) -> list[CodeType]:
    return [value for value in code.co_consts if isinstance(value, CodeType)]


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def _key_of(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno


def _loaded_functions(file: str) -> list[FunctionType]:
    return [
        candidate
        for candidate in gc.get_objects()
        if type(candidate) is FunctionType and candidate.__code__.co_filename == file
    ]


class _Loader(importlib.abc.InspectLoader):
    def __init__(self, code: CodeType, path: str) -> None:
        self._code = code
        self._path = path

    def get_source(self, fullname: str) -> str | None:  # noqa: ARG002  the loader has one module
        return None

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  the loader has one module
        return self._code

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002  the loader has one module
        return self._path.endswith("__init__.py")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the interface of finders
        target: ModuleType | None = None,  # noqa: ARG002  the interface of finders
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(self._code, self._path)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)
