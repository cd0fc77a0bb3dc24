"""Divides buckets at changes of the order: most belong to one order, few are cut into cells."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.series import Flags, Ids, Instants
from werknetz.kpi.timeline.instants import sort_distinct


@dataclass(frozen=True, slots=True)
class OrderCells:
    """The buckets of a range by order.

    `edges` are those of the cells of all cut buckets, from the start of the range on; between
    cut buckets lie cells of bucket -1, which belong to nobody.
    """

    edges: Instants
    bucket: Ids  # of each cell
    order: Ids  # of each cell, as a number of a text; 0: none
    whole: tuple[tuple[int, int], ...]  # buckets that belong to one order, with its number

    @classmethod
    def of(cls, start: Instants, order: Ids, range_start_us: int) -> Self:
        """Build from adjacent intervals that are cut at the edges of buckets."""
        bucket: Ids = (start - range_start_us) // BUCKET_US
        new = np.ones(len(start), np.bool_)
        if len(start):
            new[1:] = (bucket[1:] != bucket[:-1]) | (order[1:] != order[:-1])
        start, bucket, order = start[new], bucket[new], order[new]
        single = np.bincount(bucket)[bucket] == 1 if len(bucket) else new
        named = single & (order > 0)
        whole = tuple(zip(bucket[named].tolist(), order[named].tolist(), strict=True))
        start, bucket, order = start[~single], bucket[~single], order[~single]
        ends = range_start_us + (sort_distinct(bucket) + 1) * BUCKET_US
        edges = sort_distinct(np.concatenate((np.array([range_start_us]), start, ends)))
        cell = np.searchsorted(start, edges[:-1])
        is_cell = np.isin(edges[:-1], start)
        bucket_of_cell = np.full(len(edges) - 1, -1, np.int64)
        order_of_cell = np.zeros(len(edges) - 1, np.int64)
        bucket_of_cell[is_cell] = bucket[cell[is_cell]]
        order_of_cell[is_cell] = order[cell[is_cell]]
        return cls(edges, bucket_of_cell, order_of_cell, whole)

    def __len__(self) -> int:
        return len(self.bucket)

    @property
    def is_cut(self) -> bool:
        """Whether the order changes within a bucket."""
        return len(self.bucket) > 0

    def cell_from(self, at: Instants) -> Ids:
        """Return the cell that begins at or before each instant; beyond the last: their number."""
        return np.searchsorted(self.edges, at, side="right") - 1

    def ends_in_cut_bucket(self, at: Instants) -> Flags:
        """Return whether each instant ends time of a cut bucket: an edge belongs to the former."""
        if not len(self):
            return np.zeros(len(at), np.bool_)
        cell = np.maximum(np.searchsorted(self.edges, at, side="left") - 1, 0)
        inside = (at >= self.edges[0]) & (at <= self.edges[-1])
        chosen: Flags = inside & (self.bucket[np.minimum(cell, len(self) - 1)] >= 0)
        return chosen
