import { describe, expect, it } from "vitest";
import type { QuarantineGroup } from "../../api/quarantine";
import { changeOf, draftOf, kindsOf, mappingNames, signalOf } from "./change";
import { idsOf, previewStart, selectionOf, sizeOf } from "./selection";

const GROUP: QuarantineGroup = {
  reason: "state code 'STEHT' is not in table 'zustand'",
  text: "State code 'STEHT' is missing in the table 'zustand'.",
  code: "quarantine.state_code",
  fields: { code: "STEHT", table: "zustand" },
  repair: "map_state",
  mappings: ["presses@2", "presses@3", "ovens@1"],
  entries: 7,
  assigned: 0,
  count: 12,
  first_at: "2026-11-20T09:00:00Z",
  last_at: "2026-11-20T10:00:00Z",
  sources: [
    {
      connector_id: "plc",
      source: "p#zustand",
      equipment: "nordwerk/emden-1/body/line-2/press-3",
      entries: 7,
      count: 12,
      last_at: "2026-11-20T10:00:00Z",
    },
  ],
  sources_total: 1,
  example_id: 4,
  example_reason: "state code 'STEHT' is not in table 'zustand'",
};

describe("a repair", () => {
  it("maps the code of the group to the chosen state", () => {
    const draft = draftOf(GROUP, undefined);
    expect(draft && changeOf({ ...draft, state: "idle" }, GROUP)).toEqual({
      kind: "map_state",
      table: "zustand",
      code: "STEHT",
      state: "idle",
    });
  });

  it("of a tag sends only what was filled in", () => {
    const group: QuarantineGroup = { ...GROUP, repair: "add_rule", fields: {} };
    const draft = draftOf(group, "ns=2;s=Press.Öl-Druck 1");
    expect(kindsOf(group)).toEqual(["add_rule", "ignore"]);
    expect(draft?.signal).toBe("ol_druck_1");
    expect(draft && changeOf({ ...draft, equipment: "a/b", unit: " bar " }, group)).toEqual({
      kind: "add_rule",
      source: "ns=2;s=Press.Öl-Druck 1",
      equipment: "a/b",
      signal: "ol_druck_1",
      role: "process_value",
      unit: "bar",
    });
    expect(draft && changeOf({ ...draft, kind: "ignore" }, group)).toEqual({
      kind: "ignore",
      source: "ns=2;s=Press.Öl-Druck 1",
    });
  });

  it("is none where the input itself is wrong", () => {
    expect(draftOf({ ...GROUP, repair: "none" }, undefined)).toBeUndefined();
  });

  it("names each mapping once, without its versions", () => {
    expect(mappingNames(GROUP)).toEqual(["presses", "ovens"]);
  });

  it("names a signal after the last part of its address", () => {
    expect(signalOf("log/press-3#Druck")).toBe("druck");
    expect(signalOf("")).toBe("");
  });
});

describe("the entries of a decision", () => {
  it("are the chosen ones, else all of the group", () => {
    expect(selectionOf(GROUP, new Set([3, 1]))).toEqual({ ids: [3, 1] });
    expect(selectionOf(GROUP, new Set())).toEqual({ ids: [], reason: GROUP.reason });
    expect([sizeOf(GROUP, new Set([3])), sizeOf(GROUP, new Set())]).toEqual([1, 7]);
  });

  it("are compared from shortly before the first, not more than 30 days back", () => {
    const now = Date.parse("2026-11-20T11:00:00Z");
    expect(previewStart(GROUP.first_at, now)).toBe("2026-11-20T08:58:00.000Z");
    expect(previewStart("1970-01-01T00:00:00Z", now)).toBe("2026-10-21T11:00:00.000Z");
  });

  it("have their replays in the address", () => {
    expect(idsOf("12,13")).toEqual([12, 13]);
    expect(idsOf("x,-1,,2.5")).toEqual([]);
    expect(idsOf(undefined)).toEqual([]);
  });
});
