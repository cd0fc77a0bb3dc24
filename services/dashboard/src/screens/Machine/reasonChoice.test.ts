import { describe, expect, it } from "vitest";
import { matching, mostUsed } from "./reasonChoice";

const reason = (
  code: string,
  name_en: string,
  name_de: string,
  path: string[],
  retired = false,
) => ({
  code,
  name_en,
  name_de,
  path: [...path, code],
  retired,
});
const REASONS = [
  reason("technical", "Technical", "Technisch", []),
  reason("jam", "Jam", "Klemmer", ["technical"]),
  reason("tool", "Tool change", "Werkzeugwechsel für Presse", ["technical"]),
  reason("old", "Old jam", "Alt", ["technical"], true),
  reason("material", "No material", "Kein Material", []),
];
const codes = (found: { code: string }[]) => found.map(({ code }) => code);

describe("choosing a reason", () => {
  it("finds by all words, in both languages, without accents, in names of the tree", () => {
    expect(codes(matching(REASONS, "jam"))).toEqual(["jam"]);
    expect(codes(matching(REASONS, "fur werk"))).toEqual(["tool"]);
    expect(codes(matching(REASONS, "technisch"))).toEqual(["technical", "jam", "tool"]);
    expect(codes(matching(REASONS, "technical change"))).toEqual(["tool"]);
    expect(codes(matching(REASONS, "nothing"))).toEqual([]);
    expect(codes(matching(REASONS, " "))).not.toContain("old");
  });

  it("puts the most used first and fills up with the tree, without its branches", () => {
    const used = [
      { reason: "material", stops: 3 },
      { reason: "tool", stops: 2 },
      { reason: "tool", stops: 2 },
      { reason: null, stops: 99 },
      { reason: "old", stops: 50 },
    ];
    expect(codes(mostUsed(REASONS, used))).toEqual(["tool", "material", "jam"]);
    expect(codes(mostUsed(REASONS, []))).toEqual(["jam", "tool", "material"]);
    const many = Array.from({ length: 12 }, (_, n) => reason(`r${n}`, "r", "r", []));
    expect(mostUsed(many, [])).toHaveLength(9);
  });
});
