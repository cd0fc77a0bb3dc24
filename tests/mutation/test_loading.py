"""A mutant is put into loaded functions only where that makes the whole change."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mutation import loading
from mutation.loading import ImportNeededError, swap_functions
from mutation.operators import Mutant, mutants_of

NAME = "module_of_mutants"
TEXT = """\
def decorate(limit: int = 3):
    return lambda value: value < limit

is_low = decorate()

def add(a, b):
    return a + b

class Box:
    size: int = 4

    def is_large(self):
        return self.size >= 4
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(loading, "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(TEXT)
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, NAME, loaded)
    spec.loader.exec_module(loaded)
    return loaded


def mutant_of(change: str, text: str = TEXT) -> Mutant:
    return next(mutant for mutant in mutants_of("module.py", text) if mutant.change == change)


def test_a_loaded_function_has_the_mutant(module: ModuleType) -> None:
    swap_functions(mutant_of("Add becomes Sub"), TEXT)
    assert module.add(5, 3) == 2


def test_a_method_has_the_mutant(module: ModuleType) -> None:
    box = module.Box()
    swap_functions(mutant_of("GtE becomes Gt"), TEXT)
    assert not box.is_large()


def test_a_function_that_another_one_returned_at_import_has_the_mutant(module: ModuleType) -> None:
    swap_functions(mutant_of("Lt becomes LtE"), TEXT)
    assert module.is_low(3)


@pytest.mark.parametrize("change", ["3 becomes 4", "4 becomes 5"])
def test_what_runs_at_import_is_refused(module: ModuleType, change: str) -> None:
    with pytest.raises(ImportNeededError):
        swap_functions(mutant_of(change), TEXT)
    assert module.Box().is_large()


def test_a_module_that_changed_since_its_import_is_refused(module: ModuleType) -> None:
    text = TEXT.replace("a + b", "b + a")
    changed = mutant_of("Add becomes Sub", text)
    with pytest.raises(ImportNeededError):
        swap_functions(changed, text)
    assert module.add(5, 3) == 8
