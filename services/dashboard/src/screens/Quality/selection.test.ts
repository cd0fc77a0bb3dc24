import { describe, expect, it } from "vitest";
import type { QuarantineEntry, QuarantineGroup } from "../../api/quarantine";
import { chosenGroup, idsOf, openedEntry, selectionOf, sizeOf, stillListed } from "./selection";

const GROUP: QuarantineGroup = {
  reason: "code 17 of table press",
  text: "Code 17 is in no table.",
  code: "unmapped_state",
  fields: {},
  repair: "map_state",
  entries: 3,
  count: 40,
  assigned: 0,
  mappings: ["press@3"],
  sources: [],
  sources_total: 0,
  first_at: "2026-11-30T05:00:00Z",
  last_at: "2026-11-30T06:00:00Z",
  example_id: 7,
  example_reason: "code '17'",
};
const OTHER: QuarantineGroup = { ...GROUP, reason: "unit bar is unknown" };
const ENTRY: QuarantineEntry = {
  id: 7,
  group: GROUP.reason,
  connector_id: "emden-1-opcua",
  source: "ns=2;s=press",
  position: "",
  reason: "code '17'",
  text: "Code „17“",
  mapping: "press@3",
  at: "2026-11-30T05:00:00Z",
  stored_at: "2026-11-30T05:00:01Z",
  count: 1,
  state: "open",
  assigned_to: null,
  note: "",
  replayed_with: null,
  size: 12,
  decided_at: null,
  decided_by: null,
};
const NONE = { reason: undefined, entry: undefined };

describe("the group of the address", () => {
  it("stays the same one, wherever the list puts it", () => {
    const address = { ...NONE, reason: GROUP.reason };
    for (const groups of [
      [GROUP, OTHER],
      [OTHER, GROUP],
    ]) {
      expect(chosenGroup(groups, address, undefined)).toEqual({ is: "group", group: GROUP });
    }
  });

  it("is never replaced by another one once nothing of it is left", () => {
    expect(chosenGroup([OTHER], { ...NONE, reason: GROUP.reason }, undefined)).toEqual({
      is: "gone",
    });
  });

  it("is that of the entry that a link names, also of an entry that is decided", () => {
    const address = { ...NONE, entry: 7 };
    expect(chosenGroup([OTHER, GROUP], address, undefined)).toEqual({ is: "waiting" });
    expect(chosenGroup([OTHER, GROUP], address, ENTRY)).toEqual({
      is: "first",
      reason: GROUP.reason,
    });
    expect(chosenGroup([OTHER], address, null)).toEqual({ is: "unknownEntry" });
  });

  it("is the largest one where the address names nothing", () => {
    expect(chosenGroup([GROUP, OTHER], NONE, undefined)).toEqual({
      is: "first",
      reason: GROUP.reason,
    });
    expect(chosenGroup([], NONE, undefined)).toEqual({ is: "nothing" });
    expect(chosenGroup(undefined, NONE, undefined)).toEqual({ is: "waiting" });
  });
});

describe("the entry of the address", () => {
  it("is the one it names, in the list or not; never another one", () => {
    const second = { ...ENTRY, id: 8 };
    expect(openedEntry([second, ENTRY], 7, undefined, GROUP.reason)).toBe(ENTRY);
    expect(openedEntry([second], 7, undefined, GROUP.reason)).toBeUndefined();
    expect(openedEntry([second], 7, ENTRY, GROUP.reason)).toBe(ENTRY);
    expect(openedEntry([second], 7, null, GROUP.reason)).toBeNull();
    expect(openedEntry([second], undefined, undefined, GROUP.reason)).toBeUndefined();
  });

  it("is not shown beside the repair of another group", () => {
    expect(openedEntry([], 7, ENTRY, OTHER.reason)).toBeNull();
  });
});

describe("a selection", () => {
  it("is of what is listed: what was decided meanwhile is not counted", () => {
    const selected = stillListed([ENTRY], new Set([7, 9]));
    expect([...selected]).toEqual([7]);
    expect(sizeOf(GROUP, selected)).toBe(1);
    expect(selectionOf(GROUP, selected)).toEqual({ ids: [7] });
  });

  it("is the whole group while nothing is selected", () => {
    expect(selectionOf(GROUP, new Set())).toEqual({ ids: [], reason: GROUP.reason });
    expect(sizeOf(GROUP, new Set())).toBe(3);
  });

  it("reads the ids of an address", () => {
    expect(idsOf("12,x,13,-1")).toEqual([12, 13]);
    expect(idsOf(undefined)).toEqual([]);
  });
});
