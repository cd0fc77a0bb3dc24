import { describe, expect, it } from "vitest";
import { entryOf, keyOf, withEntry, withoutEntry } from "./supply";

const ENTRY = {
  material: "M1",
  warehouse: "em-l1",
  quantity_per_item: 2,
  items_per_hour: 30,
  minimum_quantity: 0,
  valid_from: null,
  valid_to: null,
};
const OTHER = { ...ENTRY, material: "M2" };

describe("the materials of a line", () => {
  it("are sent without the line, which the address names", () => {
    expect(entryOf({ equipment: "nordwerk/emden-1/body/line-2", ...ENTRY })).toEqual(ENTRY);
  });

  it("are sent whole: one is changed where the newest list has it, or added at the end", () => {
    const changed = { ...ENTRY, items_per_hour: 40 };
    const former = keyOf(ENTRY);
    expect(withEntry([ENTRY, OTHER], former, changed)).toEqual({
      items: [changed, OTHER],
      index: 0,
    });
    // Somebody has put another one before it meanwhile.
    expect(withEntry([OTHER, ENTRY], former, changed)).toEqual({
      items: [OTHER, changed],
      index: 1,
    });
    expect(withEntry([ENTRY], undefined, changed)).toEqual({ items: [ENTRY, changed], index: 1 });
  });

  it("are not sent where the one to change is gone", () => {
    expect(withEntry([OTHER], keyOf(ENTRY), ENTRY)).toBeUndefined();
    expect(withEntry([{ ...ENTRY, valid_from: "2026-11-30T00:00:00Z" }], keyOf(ENTRY), ENTRY)).toBe(
      undefined,
    );
  });

  it("lose the one that is removed, and no neighbour", () => {
    expect(withoutEntry([OTHER, ENTRY], keyOf(ENTRY))).toEqual([OTHER]);
    expect(withoutEntry([OTHER], keyOf(ENTRY))).toEqual([OTHER]);
  });
});
