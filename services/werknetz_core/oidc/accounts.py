"""The account of a person whom a provider has signed in: made, updated or refused."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import sqlalchemy as sa

from werknetz.store.session import WriteSession
from werknetz.store.tables.access import users
from werknetz.texts.sentence import Sentence
from werknetz_core.access.principal import USER_PREFIX, Principal, principal_of_user
from werknetz_core.accounts.names import NAME_MAX, lowered_name, normalize_user_name
from werknetz_core.audit.origin import printable
from werknetz_core.audit.record import record_change
from werknetz_core.oidc.errors import FORBIDDEN, SignInRefused
from werknetz_core.oidc.groups import Grant
from werknetz_core.oidc.settings import ProviderSettings
from werknetz_core.sessions.opening import end_sessions_of_user

_NOT_IN_NAMES: Final = frozenset(" :/\\")
_NAME_CLAIMS: Final = ("preferred_username", "email", "sub")
_GROUPS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class PersonAtProvider:
    """A person as the provider describes them; `issuer` and `subject` identify them for ever."""

    issuer: str
    subject: str
    name: str  # in the list of users and in the audit log
    display_name: str | None
    email: str | None

    @classmethod
    def of(cls, claims: Mapping[str, Any], provider: ProviderSettings) -> Self:
        names = (_user_name(claims.get(name)) for name in (provider.name_claim, *_NAME_CLAIMS))
        name = next((name for name in names if name is not None), f"user-{_mark(claims['sub'])}")
        return cls(
            provider.issuer,
            claims["sub"],
            name,
            _text(claims.get("name")),
            _text(claims.get("email")),
        )


def _user_name(value: object) -> str | None:
    """Return a claim as a user name; None: it is no text, or nothing of it may be in a name."""
    if not isinstance(value, str):
        return None
    name = "".join(c if c.isprintable() and c not in _NOT_IN_NAMES else "-" for c in value)
    name = lowered_name(name).strip("-")[:NAME_MAX]
    try:
        return normalize_user_name(name)
    except ValueError:
        return None


def _mark(subject: str) -> str:
    return hashlib.sha256(subject.encode(errors="replace")).hexdigest()[:8]


def _text(value: object) -> str | None:
    """Return a claim as one line; None: it is absent or no text."""
    text = printable(value).strip()[:NAME_MAX] if isinstance(value, str) else ""
    return text or None


async def sign_in_account(
    session: WriteSession,
    identity: PersonAtProvider,
    provider: ProviderSettings,
    grant: Grant,
    now_us: int,
) -> Principal:
    """Make or update the account with what the groups grant now; raise 403 if it is disabled."""
    row = await _find(session, identity)
    plants = None if grant.plants is None else list(grant.plants)
    rights = {"role": grant.role.value, "plants": plants}
    if row is None:
        return await _create(session, identity, provider, grant, rights)
    if row["disabled_at"] is not None:
        raise SignInRefused(
            FORBIDDEN,
            "account_disabled",
            Sentence("oidc.account_disabled", name=row["name"]),
            Sentence("oidc.ask_to_enable"),
        )
    principal = principal_of_user(row["id"], row["name"], grant.role, plants)
    profile = {"display_name": identity.display_name, "email": identity.email}
    if any(row[name] != value for name, value in (rights | profile).items()):
        values = rights | profile
        await session.execute(sa.update(users).where(users.c.id == row["id"]).values(values))
    before = {name: row[name] for name in rights}
    if before != rights:
        await end_sessions_of_user(session, row["id"], now_us)  # as after a change by an admin
        await record_change(
            session, principal, "changed", ("user", row["name"]),
            before=before, after=rights | _origin_of(provider, grant),
        )  # fmt: skip
    return principal


async def refuse_account(
    session: WriteSession, identity: PersonAtProvider, provider: ProviderSettings,
    groups: list[str], now_us: int,
) -> None:  # fmt: skip
    """Audit that the groups of a person grant nothing any more, and end the person's sessions."""
    row = await _find(session, identity)
    name = identity.name if row is None else row["name"]
    ended = 0 if row is None else await end_sessions_of_user(session, row["id"], now_us)
    nobody = Principal(f"{USER_PREFIX}{name}", None, ())
    after = {
        "provider": provider.name, "subject": printable(identity.subject),
        "groups": [printable(group) for group in groups[:_GROUPS_SHOWN]],
        "ended_sessions": ended,
    }  # fmt: skip
    await record_change(session, nobody, "sign_in_refused", ("user", name), after=after)


async def _find(session: WriteSession, identity: PersonAtProvider) -> sa.RowMapping | None:
    query = (
        sa.select(
            users.c.id, users.c.name, users.c.display_name, users.c.email, users.c.role,
            users.c.plants, users.c.disabled_at,
        )
        .where(users.c.issuer == identity.issuer, users.c.subject == identity.subject)
        .with_for_update()
    )  # fmt: skip
    return (await session.execute(query)).mappings().first()


async def _create(
    session: WriteSession,
    identity: PersonAtProvider,
    provider: ProviderSettings,
    grant: Grant,
    rights: Mapping[str, Any],
) -> Principal:
    name = await _free_name(session, identity, provider)
    values = {
        "name": name, "issuer": identity.issuer, "subject": identity.subject,
        "display_name": identity.display_name, "email": identity.email, **rights,
    }  # fmt: skip
    insert = sa.insert(users).values(values).returning(users.c.id)
    user_id = (await session.execute(insert)).scalar_one()
    principal = principal_of_user(user_id, name, grant.role, rights["plants"])
    after = dict(rights) | _origin_of(provider, grant)
    await record_change(session, principal, "created", ("user", name), after=after)
    return principal


async def _free_name(
    session: WriteSession, identity: PersonAtProvider, provider: ProviderSettings
) -> str:
    """Return a name that no other account has.

    An account of the same name is never taken over: at the provider, anybody might choose it.
    """
    short = identity.name[: NAME_MAX - 50]
    names = [identity.name, f"{short}@{provider.name}"]
    query = sa.select(users.c.name).where(sa.func.lower(users.c.name).in_(names))
    taken = set((await session.scalars(query)).all())
    unique = f"{short}@{provider.name}-{_mark(identity.subject)}"
    return next((name for name in names if name not in taken), unique)


def _origin_of(provider: ProviderSettings, grant: Grant) -> dict[str, Any]:
    """Return what gave the rights, for the audit log."""
    return {
        "provider": provider.name,
        "groups": list(grant.groups),
        "unused_groups": list(grant.unused),
    }
