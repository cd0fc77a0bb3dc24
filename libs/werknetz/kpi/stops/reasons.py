"""The reasons of stops and scrap: a standard of the group, and what plants add to it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from werknetz.domain.state import MachineState
from werknetz.texts.sentence import Sentence

KINDS: Final = ("stop", "scrap")
CATEGORIES: Final = ("adet", "adot", "aust", "pdot")


@dataclass(frozen=True, slots=True)
class CodeEffect:
    """What a code of a machine says about a stop, by the reason that it stands for.

    `state` None: that of the machine. `is_planned` None: as the state is.
    """

    state: int | None = None
    is_planned: bool | None = None
    without_order: bool = False  # counts as down time without an order (ADOT)


CodeEffects = Mapping[str, CodeEffect]
NO_EFFECTS: Final[CodeEffects] = {}


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason. `plant` None: of the group's standard. `state` None: as the machine reports."""

    code: str
    plant: str | None
    parent: str | None
    kind: str
    name_en: str
    name_de: str
    category: str | None
    state: int | None
    is_planned: bool
    counts_against_availability: bool
    position: int = 0
    is_retired: bool = False

    @property
    def planned_time(self) -> bool | None:
        """What an entry with this reason says about planned time; None: nothing."""
        return None if self.counts_against_availability else True

    @property
    def code_effect(self) -> CodeEffect:
        """What a code that stands for this reason says about the stops with it."""
        return code_effect_of(
            self.category, self.state, counts_against_availability=self.counts_against_availability
        )


def code_effect_of(
    category: str | None, state: int | None, *, counts_against_availability: bool
) -> CodeEffect:
    """Return what a reason says about stops: a reason without a state may still be a set-up.

    What counts against availability is no planned down time, also where the machine reports
    maintenance.
    """
    if state is None and category == "aust":
        state = int(MachineState.SETUP)
    return CodeEffect(state, not counts_against_availability, category == "adot")


class ReasonRejected(ValueError):
    """A reason cannot be used here; the text says why, `remedy` what to do."""

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.code = code
        self.remedy = remedy


class ReasonTree:
    """All reasons; those of a plant are the standard and its own."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self._by_plant: dict[str | None, dict[str, Reason]] = {}
        for reason in sorted(reasons, key=lambda reason: (reason.position, reason.code)):
            self._by_plant.setdefault(reason.plant, {})[reason.code] = reason

    def of_plant(self, plant: str | None) -> Mapping[str, Reason]:
        """Return the reasons of a plant by code; None: the standard alone."""
        standard = self._by_plant.get(None, {})
        return {**standard, **self._by_plant.get(plant, {})} if plant else standard

    @property
    def plants(self) -> list[str]:
        """Return the plants that have reasons of their own."""
        return sorted(plant for plant in self._by_plant if plant)

    def find(self, code: str, plant: str | None) -> Reason | None:
        return self.of_plant(plant).get(code)

    def require(self, code: str, plant: str | None, kind: str) -> Reason:
        """Return a reason for a new entry at a plant; raise ReasonRejected."""
        available = self.of_plant(plant)
        reason = available.get(code)
        if reason is None:
            raise self._unknown(code, plant, kind)
        if reason.kind != kind:
            raise ReasonRejected(
                "wrong_reason_kind",
                Sentence(
                    "shop_floor.wrong_reason_kind",
                    name=code,
                    nouns=_NOUNS[reason.kind],
                    other_nouns=_NOUNS[kind],
                ),
                Sentence("shop_floor.list_reasons_of_kind", kind=kind, nouns=_NOUNS[kind]),
            )
        if reason.is_retired:
            raise ReasonRejected(
                "retired_reason",
                Sentence("shop_floor.retired_reason", name=code),
                Sentence("shop_floor.use_another_reason", kind=kind),
            )
        return reason

    def _unknown(self, code: str, plant: str | None, kind: str) -> ReasonRejected:
        others = sorted(p for p, own in self._by_plant.items() if p and p != plant and code in own)
        if others:
            return ReasonRejected(
                "reason_of_other_plant",
                Sentence("shop_floor.reason_of_other_plant", name=code, plant=plant),
                Sentence("shop_floor.use_reason_of_plant", plant=plant),
            )
        names = {
            name: reason.code
            for reason in self.of_plant(plant).values()
            if reason.kind == kind and not reason.is_retired
            for name in (reason.code, reason.name_en.casefold(), reason.name_de.casefold())
        }
        near = difflib.get_close_matches(code.casefold(), names, n=3, cutoff=0.5)
        nearest = list(dict.fromkeys(names[name] for name in near))
        hint = (
            Sentence("requests.did_you_mean", near=nearest)
            if near
            else Sentence("shop_floor.list_reasons_of_this_kind", kind=kind)
        )
        return ReasonRejected(
            "unknown_reason", Sentence("shop_floor.unknown_reason", name=code), hint
        )


_NOUNS: Final = {"stop": "stops", "scrap": "scrap"}


def check_parent(reason: Reason, available: Mapping[str, Reason]) -> None:
    """Raise ReasonRejected unless the parent exists, has the same kind and closes no circle."""
    parent, steps = reason.parent, 0
    while parent is not None:
        above = available.get(parent)
        if above is None or above.kind != reason.kind:
            raise ReasonRejected(
                "unknown_reason", Sentence("shop_floor.no_parent_reason", parent=parent),
                Sentence("shop_floor.create_parent_first"),
            )  # fmt: skip
        if above.code == reason.code or steps > len(available):
            raise ReasonRejected(
                "reason_circle", Sentence("shop_floor.reason_below_itself", name=reason.code),
                Sentence("shop_floor.choose_parent_reason"),
            )  # fmt: skip
        parent, steps = above.parent, steps + 1
