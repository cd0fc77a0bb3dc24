"""Deliveries of facts and their outcomes, one row a case: for the pure rules and the writer."""

from plumbing.facts import group_end, receipt, withdrawal
from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd

A, B, C = (receipt("D1", quantity) for quantity in (500.0, 450.0, 400.0))
Delivered = BusinessEvent | EventWithdrawn | GroupEnd


def v(quantity: float, version: int) -> BusinessEvent:
    return receipt("D1", quantity, version=version)


CASES: dict[str, tuple[list[Delivered], dict[str, float], dict[str, int]]] = {
    # name: records, in force afterwards, books
    "new": ([A], {"D1": 500}, {"stored": 1}),
    "same again": ([A, A], {"D1": 500}, {"stored": 1, "duplicates": 1}),
    "corrected": ([A, B], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "corrected and back": ([A, B, A], {"D1": 500}, {"stored": 1, "revisions": 2}),
    "corrected at": (
        [A, receipt("D1", 500, at_us=A.at_us + 1)], {"D1": 500}, {"stored": 1, "revisions": 1}),
    "another document": ([A, receipt("D2", 8)], {"D1": 500, "D2": 8}, {"stored": 2}),
    "cannot revise": (
        [A, receipt("D1", 1, can_revise=False)], {"D1": 500}, {"stored": 1, "quarantined": 1}),
    "cannot revise, but is the same": (
        [A, receipt("D1", 500, can_revise=False)], {"D1": 500}, {"stored": 1, "duplicates": 1}),
    "newer version": ([v(500, 1), v(450, 2)], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "same version, other content": (
        [v(500, 2), v(450, 2)], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "older version": ([v(450, 2), v(500, 1)], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "older version twice": (
        [v(450, 2), v(500, 1), v(500, 1)], {"D1": 450},
        {"stored": 1, "revisions": 1, "duplicates": 1}),
    "all delivered again": (
        [v(500, 1), v(450, 2), v(500, 1), v(450, 2)], {"D1": 450},
        {"stored": 1, "revisions": 1, "duplicates": 2}),
    "an unread column changed": (
        [v(500, 1), v(500, 3), v(450, 2)], {"D1": 500},
        {"stored": 1, "duplicates": 1, "revisions": 1}),
    "version after none": ([A, v(450, 1)], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "none after version": ([v(500, 9), B], {"D1": 450}, {"stored": 1, "revisions": 1}),
    "deleted": ([A, withdrawal("D1")], {}, {"stored": 1, "withdrawn": 1}),
    "deleted twice": (
        [A, withdrawal("D1"), withdrawal("D1")], {},
        {"stored": 1, "withdrawn": 1, "duplicates": 1}),
    "deleted and delivered again": (
        [A, withdrawal("D1"), A], {"D1": 500}, {"stored": 1, "withdrawn": 1, "revisions": 1}),
    "deleted before it was delivered": (
        [withdrawal("D1"), A], {"D1": 500}, {"ignored": 1, "stored": 1}),
    "deleted, unknown": ([withdrawal("D1")], {}, {"ignored": 1}),
    "deleted of another connector": (
        [A, withdrawal("D1", scope="other")], {"D1": 500}, {"stored": 1, "ignored": 1}),
    "an older deletion": (
        [v(500, 2), withdrawal("D1", version=1)], {"D1": 500}, {"stored": 1, "ignored": 1}),
    "a deletion of the same version": (
        [v(500, 2), withdrawal("D1", version=2)], {}, {"stored": 1, "withdrawn": 1}),
    "an older version after the deletion": (
        [v(500, 2), withdrawal("D1", version=3), v(500, 2)], {},
        {"stored": 1, "withdrawn": 1, "duplicates": 1}),
    "the version of the deletion": (
        [v(500, 2), withdrawal("D1", version=3), v(500, 3)], {"D1": 500},
        {"stored": 1, "withdrawn": 1, "revisions": 1}),
    "cannot revise, withdrawn": (
        [A, withdrawal("D1"), receipt("D1", 1, can_revise=False)], {},
        {"stored": 1, "withdrawn": 1, "quarantined": 1}),
    "a line is missing in the replacing document": (
        [receipt("L1", 1, group="G"), receipt("L2", 2, group="G"),
         receipt("L1", 3, group="G"), group_end("G", "L1")],
        {"L1": 3}, {"stored": 2, "revisions": 1, "withdrawn": 1}),
    "a cancelled document": (
        [receipt("L1", 1, group="G"), receipt("L2", 2, group="G"), receipt("L3", 3, group="H"),
         group_end("G", reason="cancelled")],
        {"L3": 3}, {"stored": 3, "withdrawn": 2}),
    "a cancelled document, sent again": (
        [receipt("L1", 1, group="G"), group_end("G"), group_end("G"), receipt("L1", 1, group="G")],
        {"L1": 1}, {"stored": 1, "withdrawn": 1, "revisions": 1}),
    "the end of a group before its fact": (
        [group_end("G"), receipt("L1", 1, group="G")], {"L1": 1}, {"stored": 1}),
    "the group of another connector": (
        [receipt("L1", 1, group="G"), group_end("G", scope="other")], {"L1": 1}, {"stored": 1}),
    "two replacing documents": (
        [receipt("L1", 1, group="G"), receipt("L2", 2, group="G"), receipt("L3", 3, group="G"),
         group_end("G", "L1", "L2"), group_end("G", "L2", "L3")],
        {"L2": 2}, {"stored": 3, "withdrawn": 2}),
    "moved to another group": (
        [receipt("L1", 1, group="G"), receipt("L1", 2, group="H"), group_end("G")],
        {"L1": 2}, {"stored": 1, "revisions": 1}),
    "an edge of version 0.1, same": (
        [receipt("D1", 500, has_content=False)] * 2, {"D1": 500}, {"stored": 1, "duplicates": 1}),
    "an edge of version 0.1, corrected": (
        [receipt("D1", q, has_content=False) for q in (500, 450)], {"D1": 450},
        {"stored": 1, "revisions": 1}),
    "stored by version 0.1, same": (
        [receipt("D1", 500, has_content=False), A], {"D1": 500}, {"stored": 1, "duplicates": 1}),
    "stored by version 0.1, corrected": (
        [receipt("D1", 500, has_content=False), B], {"D1": 450}, {"stored": 1, "revisions": 1}),
}  # fmt: skip
