"""What the groups of a person grant: one role, in some plants.

A person has one role. Of several matching rules the highest role counts, in the order viewer,
operator, planner, engineer, admin, and only the rules with this role name the plants: nobody gets
a role in a plant for which no rule gives it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import KeyRole
from werknetz_core.oidc.settings import GroupRule

GROUPS_MAX: Final = 5_000
_RANK: Final = tuple(KeyRole)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person may do; `plants` None: all. `unused`: groups whose rule gives a lower role."""

    role: KeyRole
    plants: tuple[str, ...] | None
    groups: tuple[str, ...]
    unused: tuple[str, ...] = ()


class GroupsUnreadable(Exception):
    """The claim of the groups is missing or of another form; the text names the remedy."""


def grant_of(groups: Sequence[str], rules: Sequence[GroupRule]) -> Grant | None:
    """Return what the groups grant; None: no rule matches, so nothing is granted."""
    members = frozenset(groups)
    matches = [rule for rule in rules if rule.group in members]
    if not matches:
        return None
    role = max((rule.role for rule in matches), key=_RANK.index)
    counted = [rule for rule in matches if rule.role is role]
    plants: tuple[str, ...] | None = None
    if all(rule.plants != "all" for rule in counted):
        plants = tuple(sorted({plant for rule in counted for plant in rule.plants}))
    used = {rule.group for rule in counted}
    unused = {rule.group for rule in matches} - used
    return Grant(role, plants, tuple(sorted(used)), tuple(sorted(unused)))


def groups_in(claims: Mapping[str, Any], path: Sequence[str]) -> list[str] | None:
    """Return the groups at this path of claims; None: the claim is absent.

    GroupsUnreadable: it is no text and no list of texts, or the provider left the groups out
    because there are too many.
    """
    value: Any = claims
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            if has_overage(claims, path):
                raise GroupsUnreadable(Sentence("oidc.too_many_groups_for_token"))
            return None
        value = value[name]
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise GroupsUnreadable(Sentence("oidc.claim_no_list", claim=".".join(path)))
    if len(value) > GROUPS_MAX:
        raise GroupsUnreadable(
            Sentence("oidc.claim_too_long", claim=".".join(path), groups_max=GROUPS_MAX)
        )
    return value


def has_overage(claims: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether the claim is only referred to: Entra ID does so from 200 groups on."""
    names = claims.get("_claim_names")
    return isinstance(names, Mapping) and path[0] in names
