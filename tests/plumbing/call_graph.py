"""Which functions of the core an endpoint can call: the names in its code that are global."""

import dis
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any


def reaches(endpoint: Callable[..., Any], *targets: Callable[..., Any]) -> bool:
    """Return whether an endpoint can call one of the functions, by any number of others."""
    visited: set[int] = set()
    waiting: list[object] = [inspect.unwrap(endpoint)]
    while waiting:
        function = waiting.pop()
        if any(function is inspect.unwrap(target) for target in targets):
            return True
        module = getattr(function, "__module__", None) or ""
        if id(function) in visited or not module.startswith("werknetz_core."):
            continue
        visited.add(id(function))
        waiting += map(unwrap, calls(function))
    return False


def unwrap(value: object) -> object:
    return inspect.unwrap(value) if callable(value) else value


def calls(function: object) -> Iterator[object]:
    """Yield what a function of the core may call: the names in its code that are global."""
    if isinstance(function, type):
        for member in vars(function).values():
            if isinstance(member, FunctionType | staticmethod | classmethod):
                yield inspect.unwrap(getattr(member, "__func__", member))
        return
    if not isinstance(function, FunctionType):
        return
    yield from _names_in(function.__code__, function.__globals__)


def _names_in(code: CodeType, names: dict[str, Any]) -> Iterator[object]:
    owner: object = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            owner = names.get(instruction.argval)
            yield owner
        elif instruction.opname in {"LOAD_ATTR", "LOAD_METHOD"}:
            # A function of a module that was imported as such; another attribute is nobody's.
            owner = getattr(owner, instruction.argval, None) if _is_owner(owner) else None
            yield owner
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant, names)


def _is_owner(owner: object) -> bool:
    return isinstance(owner, ModuleType | type)
