"""What groups grant: one role and its plants, and nothing by default."""

from typing import Any

import pytest

from werknetz_core.access.permissions import KeyRole
from werknetz_core.oidc.groups import GROUPS_MAX, Grant, GroupsUnreadable, grant_of, groups_in
from werknetz_core.oidc.settings import GroupRule

EMDEN, ZWICK = "nordwerk/emden-1", "nordwerk/zwick-2"
RULES = [
    GroupRule(group="everyone", role=KeyRole.VIEWER, plants="all"),
    GroupRule(group="emden-op", role=KeyRole.OPERATOR, plants=(EMDEN,)),
    GroupRule(group="zwick-op", role=KeyRole.OPERATOR, plants=(ZWICK, EMDEN)),
    GroupRule(group="planning", role=KeyRole.PLANNER, plants=(ZWICK,)),
    GroupRule(group="engineers", role=KeyRole.ENGINEER, plants=(EMDEN,)),
    GroupRule(group="it", role=KeyRole.ADMIN, plants="all"),
    GroupRule(group="it-emden", role=KeyRole.ADMIN, plants=(EMDEN,)),
]


@pytest.mark.parametrize(
    ("groups", "role", "plants", "used", "unused"),
    [
        (["everyone"], "viewer", None, ["everyone"], []),
        (["emden-op"], "operator", (EMDEN,), ["emden-op"], []),
        (["zwick-op", "emden-op"], "operator", (EMDEN, ZWICK), ["emden-op", "zwick-op"], []),
        # The lower role does not widen the plants of the higher one.
        (["everyone", "emden-op"], "operator", (EMDEN,), ["emden-op"], ["everyone"]),
        (["planning", "emden-op"], "planner", (ZWICK,), ["planning"], ["emden-op"]),
        (["engineers", "planning"], "engineer", (EMDEN,), ["engineers"], ["planning"]),
        (["it-emden", "engineers"], "admin", (EMDEN,), ["it-emden"], ["engineers"]),
        (["it-emden", "it"], "admin", None, ["it", "it-emden"], []),
        (["x", "emden-op", "y"], "operator", (EMDEN,), ["emden-op"], []),
    ],
    ids=str,
)
def test_highest_role_counts_in_its_own_plants(
    groups: list[str], role: str, plants: Any, used: list[str], unused: list[str]
) -> None:
    expected = Grant(KeyRole(role), plants, tuple(used), tuple(unused))
    assert grant_of(groups, RULES) == expected
    assert grant_of(groups[::-1], RULES[::-1]) == expected


@pytest.mark.parametrize("groups", [[], ["Emden-op"], ["emden-op "], ["emden"], [""]], ids=str)
def test_no_rule_grants_nothing(groups: list[str]) -> None:
    assert grant_of(groups, RULES) is None


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "b"]}, ["groups"], ["a", "b"]),
        ({"groups": "a"}, ["groups"], ["a"]),
        ({"groups": []}, ["groups"], []),
        ({}, ["groups"], None),
        ({"realm_access": {"roles": ["a"]}}, ["realm_access", "roles"], ["a"]),
        ({"realm_access": {}}, ["realm_access", "roles"], None),
        ({"realm_access": "roles"}, ["realm_access", "roles"], None),
        ({"https://example.com/groups": ["a"]}, ["https://example.com/groups"], ["a"]),
        ({"_claim_names": {"address": "src1"}}, ["groups"], None),
        ({"groups": ["a"] * GROUPS_MAX}, ["groups"], ["a"] * GROUPS_MAX),
    ],
    ids=range(10),
)
def test_groups_at_a_path(claims: dict[str, Any], path: list[str], groups: Any) -> None:
    assert groups_in(claims, path) == groups


@pytest.mark.parametrize(
    ("claims", "remedy"),
    [
        ({"groups": {"a": True}}, "groups_claim"),
        ({"groups": [1]}, "groups_claim"),
        ({"groups": None}, "groups_claim"),
        ({"groups": True}, "groups_claim"),
        ({"groups": ["a"] * (GROUPS_MAX + 1)}, "only the groups of this application"),
        # From 200 groups on, Entra ID only refers to them.
        ({"_claim_names": {"groups": "src1"}}, "so many groups"),
    ],
    ids=range(6),
)
def test_unreadable_groups_are_refused_with_the_remedy(claims: Any, remedy: str) -> None:
    with pytest.raises(GroupsUnreadable, match=remedy):
        groups_in(claims, ["groups"])
