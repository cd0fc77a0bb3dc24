"""The chain of the audit log broken on purpose: each kind is found, with the entry."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from werknetz_client.audit.chain import (
    LOOK_AHEAD,
    START,
    BreakKind,
    ChainBreak,
    Expectation,
    Link,
    Seal,
    hash_of,
    verify_chain,
)

COUNT = 6


def seal(entries: list[tuple[int, str]], start: Seal = START) -> list[Link]:
    links = []
    for entry_id, entry in entries:
        digest = hash_of(start.hash, entry)
        links.append(Link(start.seq + 1, start.hash, digest, entry_id, entry))
        start = links[-1].seal
    return links


def entry_of(number: int) -> tuple[int, str]:
    return number, json.dumps({"id": number, "by": "eva"})


CHAIN = seal([entry_of(number) for number in range(1, COUNT + 1)])
HEAD = CHAIN[-1].seal


def renumber(links: list[Link]) -> list[Link]:
    return [replace(link, seq=number) for number, link in enumerate(links, start=1)]


def change(links: list[Link]) -> list[Link]:
    return [*links[:2], replace(links[2], entry=entry_of(99)[1]), *links[3:]]


def change_with_its_hash(links: list[Link]) -> list[Link]:
    entry = entry_of(99)[1]
    forged = replace(links[2], entry=entry, hash=hash_of(links[2].previous, entry))
    return [*links[:2], forged, *links[3:]]


def change_hash(links: list[Link]) -> list[Link]:
    return [*links[:2], replace(links[2], hash="a" * 64), *links[3:]]


def rebuild(links: list[Link]) -> list[Link]:
    entries = [(link.entry_id, link.entry or "") for link in links]
    return seal([*entries[:2], entry_of(99), *entries[3:]])


def remove(links: list[Link]) -> list[Link]:
    return [*links[:2], *links[3:]]


def remove_first(links: list[Link]) -> list[Link]:
    return links[2:]


def remove_entry(links: list[Link]) -> list[Link]:
    return [*links[:2], replace(links[2], entry=None), *links[3:]]


def remove_and_renumber(links: list[Link]) -> list[Link]:
    return renumber(remove(links))


def insert(links: list[Link]) -> list[Link]:
    entry_id, entry = entry_of(99)
    forged = Link(3, links[1].hash, hash_of(links[1].hash, entry), entry_id, entry)
    return renumber([*links[:2], forged, *links[2:]])


def insert_without_a_hash(links: list[Link]) -> list[Link]:
    return renumber([*links[:2], Link(3, "b" * 64, "c" * 64, *entry_of(99)), *links[2:]])


def swap_entries(links: list[Link]) -> list[Link]:
    third, fourth = links[2:4]
    return [
        *links[:2],
        replace(third, entry=fourth.entry, entry_id=fourth.entry_id),
        replace(fourth, entry=third.entry, entry_id=third.entry_id),
        *links[4:],
    ]


def swap_links(links: list[Link]) -> list[Link]:
    return renumber([*links[:2], links[3], links[2], *links[4:]])


def repeat_link(links: list[Link]) -> list[Link]:
    return [*links[:3], links[1], *links[3:]]


def cut_end(links: list[Link]) -> list[Link]:
    return links[:-2]


def remove_all(_links: list[Link]) -> list[Link]:
    return []


def repeat_twice(links: list[Link]) -> list[Link]:
    return [*links[:3], links[2], *links[3:]]


def remove_three(links: list[Link]) -> list[Link]:
    return [links[0], *links[4:]]


def cut_one(links: list[Link]) -> list[Link]:
    return links[:-1]


_LATER = "a later entry belongs here"
_OTHER_CONTENT = "id 3: its hash is that of another content"


@pytest.mark.parametrize(
    ("damage", "kind", "seq", "detail"),
    [
        (change, BreakKind.CHANGED, 3, _OTHER_CONTENT),
        (
            change_with_its_hash,
            BreakKind.CHANGED,
            3,
            "id 3: the next entry follows another content and hash",
        ),
        (change_hash, BreakKind.CHANGED, 3, _OTHER_CONTENT),
        (
            rebuild,
            BreakKind.CHANGED,
            COUNT,
            f"its hash is not the one that was stored apart ({HEAD.hash}): the chain was rebuilt",
        ),
        (remove, BreakKind.REMOVED, 3, "entry 3 is missing"),
        (remove_three, BreakKind.REMOVED, 2, "entries 2 to 4 are missing"),
        (
            remove_first,
            BreakKind.REMOVED,
            1,
            "entries 1 to 2 are missing, and no retention removed them",
        ),
        (remove_entry, BreakKind.REMOVED, 3, "the entry with the id 3 is missing"),
        (
            remove_and_renumber,
            BreakKind.REMOVED,
            3,
            "id 4 follows an entry that is missing, and was renumbered",
        ),
        (
            insert,
            BreakKind.INSERTED,
            3,
            "the next entry follows the one before: this one was put between them",
        ),
        (insert_without_a_hash, BreakKind.INSERTED, 3, f"id 99: {_LATER}"),
        (swap_entries, BreakKind.REORDERED, 3, f"id 4: {_LATER}"),
        (swap_links, BreakKind.REORDERED, 3, f"id 4: {_LATER}"),
        (repeat_link, BreakKind.REORDERED, 2, "2 follows 3"),
        (repeat_twice, BreakKind.REORDERED, 3, "3 follows 3"),
        (cut_end, BreakKind.TRUNCATED, COUNT - 1, "entries 5 to 6 are missing at the end"),
        (cut_one, BreakKind.TRUNCATED, COUNT, "entry 6 is missing at the end"),
        (remove_all, BreakKind.TRUNCATED, 1, "entries 1 to 6 are missing at the end"),
    ],
)
def test_each_kind_of_break_is_named(
    damage: Callable[[list[Link]], list[Link]], kind: BreakKind, seq: int, detail: str
) -> None:
    broken = verify_chain(damage(CHAIN), Expectation([HEAD])).broken
    assert broken == ChainBreak(kind, seq, detail)


def test_the_first_entry_follows_zeros() -> None:
    links = seal([entry_of(1), entry_of(2)], Seal(0, "a" * 64))
    detail = "it is the first entry, and follows a hash all the same"
    broken = verify_chain(links, Expectation([links[-1].seal])).broken
    assert broken == ChainBreak(BreakKind.CHANGED, 1, detail)


def test_a_break_ends_the_walk_after_what_is_right() -> None:
    verification = verify_chain(change(CHAIN), Expectation([HEAD]))
    assert (verification.entries, verification.first_seq) == (2, 1)
    assert verification.last == CHAIN[1].seal


def test_a_later_entry_is_looked_for_within_a_bound() -> None:
    far = seal([entry_of(number) for number in range(1, LOOK_AHEAD + 3)])
    for distance, kind in (
        (LOOK_AHEAD, BreakKind.REORDERED), (LOOK_AHEAD + 1, BreakKind.CHANGED),
    ):  # fmt: skip
        first, other = far[0], far[distance]
        links = [*far]
        links[0] = replace(first, entry=other.entry, entry_id=other.entry_id)
        links[distance] = replace(other, entry=first.entry, entry_id=first.entry_id)
        broken = verify_chain(links, Expectation()).broken
        assert broken is not None
        assert (broken.kind, broken.seq) == (kind, 1)


def test_an_intact_chain_ends_with_its_head() -> None:
    verification = verify_chain(CHAIN, Expectation([CHAIN[0].seal, CHAIN[2].seal, HEAD]))
    assert verification.broken is None
    assert (verification.entries, verification.first_seq, verification.last) == (COUNT, 1, HEAD)


def test_a_chain_may_have_grown_since_its_head_was_read() -> None:
    assert verify_chain(CHAIN, Expectation([CHAIN[-2].seal])).broken is None


def test_an_empty_log_is_intact() -> None:
    verification = verify_chain([], Expectation([START]))
    assert (verification.broken, verification.first_seq) == (None, None)
    assert verify_chain([], Expectation()).broken is None


def test_a_seal_noted_elsewhere_finds_a_rebuilt_chain() -> None:
    links = rebuild(CHAIN)
    assert verify_chain(links, Expectation([links[-1].seal])).broken is None
    broken = verify_chain(links, Expectation([links[-1].seal, CHAIN[2].seal])).broken
    assert broken is not None
    assert (broken.kind, broken.seq) == (BreakKind.CHANGED, 3)


def leave_anchor(to_seq: int, digest: str) -> list[Link]:
    """Return the chain after a removal, with the entry that the removal left."""
    after = {"hash": digest, "to_seq": to_seq}
    anchor = {"id": 9, "after": after, "action": "removed", "subject": "audit"}
    return [*CHAIN[3:], *seal([(9, json.dumps(anchor))], HEAD)]


@pytest.mark.parametrize(
    ("links", "kind"),
    [
        (leave_anchor(3, CHAIN[2].hash), None),
        (leave_anchor(2, CHAIN[1].hash), BreakKind.REMOVED),
        (leave_anchor(3, CHAIN[1].hash), BreakKind.CHANGED),
        (CHAIN[3:], BreakKind.REMOVED),
    ],
    ids=["of what was removed", "of less", "of another hash", "none"],
)
def test_a_chain_after_a_removal_needs_its_anchor(
    links: list[Link], kind: BreakKind | None
) -> None:
    broken = verify_chain(links, Expectation([links[-1].seal])).broken
    assert (None if broken is None else broken.kind) == kind


def test_a_part_may_begin_anywhere() -> None:
    assert verify_chain(CHAIN[3:], Expectation([HEAD], is_whole=False)).broken is None


def test_another_entry_about_the_log_is_no_anchor() -> None:
    for action in ("exported", "removed"):
        entry = {"id": 9, "after": {"hash": "", "to_seq": 1}, "action": action, "subject": "audit"}
        links = [*CHAIN[3:], *seal([(9, json.dumps(entry))], HEAD)]
        broken = verify_chain(links, Expectation([links[-1].seal])).broken
        assert broken is not None
        assert (broken.kind, broken.seq) == (BreakKind.REMOVED, 1)
