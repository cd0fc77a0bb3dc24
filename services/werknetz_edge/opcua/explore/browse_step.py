"""A node on the way from the root to a variable, with what names a machine."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(slots=True, eq=False)
class BrowseStep:
    name: str
    node: Any = None
    parent: "BrowseStep | None" = None
    is_object: bool = True
    type_node: Any = None  # of an object: its type definition
    type_names: tuple[str, ...] = ()  # browse names of its type and the types it is derived from
    has_identification: bool = False  # an object with a child `Identification`

    @classmethod
    def from_path(cls, path: str) -> Self:
        """Return the last step of a path whose last name is a variable, all others objects."""
        names = [name for name in path.split("/") if name] or [""]
        step = cls(names[0], is_object=len(names) > 1)
        for index, name in enumerate(names[1:], start=2):
            step = cls(name, parent=step, is_object=index < len(names))
        return step

    @property
    def chain(self) -> "list[BrowseStep]":
        """The steps from the root to this one, which is included."""
        steps: list[BrowseStep] = []
        step: BrowseStep | None = self
        while step is not None:
            steps.append(step)
            step = step.parent
        return steps[::-1]

    @property
    def path(self) -> str:
        return "".join(f"/{step.name}" for step in self.chain)
