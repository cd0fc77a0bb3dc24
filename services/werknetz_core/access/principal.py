"""Who sends a request: what it may do, in which plants."""

from dataclasses import dataclass
from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import KeyRole, KeyScope, Permission, permissions_of
from werknetz_core.http.problem import Problem

USER_PREFIX: Final = "user:"
"""Begins the name of a person in the audit log; names of keys do not begin with it."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session that a request belongs to."""

    session_id: int
    kind: str
    method: str


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or key of a request.

    `name` is written where something is changed: that of a key, or `user:` and that of a person.
    `role` None: a program's key, which has scopes; `plants` None: all. `key_id` is the number for
    which limits count; of a person it is negative.
    """

    name: str
    role: KeyRole | None
    plants: tuple[str, ...] | None
    expires_us: int | None = None
    key_id: int = 0
    scopes: frozenset[KeyScope] = frozenset()
    signed_in: SignedIn | None = None  # None: by a key in a header

    @property
    def user_id(self) -> int | None:
        return -self.key_id if self.key_id < 0 else None

    @property
    def is_person(self) -> bool:
        return self.key_id < 0

    @property
    def user_name(self) -> str:
        """The name of a person without the prefix."""
        return self.name.removeprefix(USER_PREFIX)

    def has_expired(self, now_us: int) -> bool:
        return self.expires_us is not None and self.expires_us <= now_us

    def may(self, permission: Permission) -> bool:
        return permission in permissions_of(self.role, self.scopes)

    @property
    def label(self) -> str:
        """The person or key, as an error names it."""
        if self.is_person:
            return Sentence("access.the_user", name=self.user_name)
        return Sentence("access.the_key", name=self.name)

    @property
    def rights(self) -> str:
        """The role and the scopes, as an error says them."""
        role = [] if self.role is None else [f"role {self.role}"]
        scopes = [f"scope {scope}" for scope in KeyScope if scope in self.scopes]
        return ", ".join([*role, *scopes]) or "no role and no scope"

    def can_see(self, path: str) -> bool:
        """Whether the equipment belongs to the key's plants."""
        if self.plants is None:
            return True
        return any(path == plant or path.startswith(plant + "/") for plant in self.plants)

    def require_equipment(self, path: str) -> None:
        """Raise 403 unless the key may see the path, whether such equipment exists or not."""
        if not self.can_see(path):
            plants = ", ".join(self.plants or ())
            raise Problem(
                403,
                "plant_not_allowed",
                Sentence("access.plant_not_allowed", kind=self._kind, path=path),
                Sentence("access.plants_allowed", plants=plants or "no plant", remedy=self._remedy),
            )

    def require_all_plants(self) -> None:
        if self.plants is not None:
            raise Problem(
                403,
                "plant_not_allowed",
                Sentence("access.all_plants_required", kind=self._kind),
                Sentence("access.ask_admin_of_all_plants")
                if self.is_person
                else Sentence("access.use_key_of_all_plants"),
            )

    @property
    def _kind(self) -> str:
        return "account" if self.is_person else "key"

    @property
    def _remedy(self) -> str:
        if self.is_person:
            return Sentence("access.admin_changes_plants")
        return Sentence("access.admin_creates_keys")


def check_key_name(name: str) -> str:
    """Return the name of a new key; ValueError for one that looks like a person's."""
    if name.strip().casefold().startswith(USER_PREFIX):
        raise ValueError(Sentence("access.key_name_of_person", prefix=USER_PREFIX))
    return name


def principal_of_user(user_id: int, name: str, role: str, plants: list[str] | None) -> Principal:
    """Return the principal of a person, as `users` stores them."""
    in_plants = None if plants is None else tuple(plants)
    return Principal(f"{USER_PREFIX}{name}", KeyRole(role), in_plants, key_id=-user_id)
