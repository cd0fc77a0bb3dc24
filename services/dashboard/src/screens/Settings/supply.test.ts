import { describe, expect, it } from "vitest";
import { entryOf, withEntry } from "./supply";

const ENTRY = {
  material: "M1",
  warehouse: "em-l1",
  quantity_per_item: 2,
  items_per_hour: 30,
  minimum_quantity: 0,
  valid_from: null,
  valid_to: null,
};

describe("the materials of a line", () => {
  it("are sent without the line, which the address names", () => {
    expect(entryOf({ equipment: "nordwerk/emden-1/body/line-2", ...ENTRY })).toEqual(ENTRY);
  });

  it("are sent whole: one is changed, or added at the end", () => {
    const changed = { ...ENTRY, items_per_hour: 40 };
    expect(withEntry([ENTRY, ENTRY], 1, changed)).toEqual({ items: [ENTRY, changed], index: 1 });
    expect(withEntry([ENTRY], undefined, changed)).toEqual({ items: [ENTRY, changed], index: 1 });
  });
});
