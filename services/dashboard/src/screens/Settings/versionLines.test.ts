import { describe, expect, it } from "vitest";
import { diffLines, versionsOf, withContext } from "./versionLines";

const VERSIONS = [
  { version: 3, state: "draft" },
  { version: 2, state: "active" },
  { version: 1, state: "superseded" },
];

describe("the versions that are compared", () => {
  it("are the active one and the newest", () => {
    expect(versionsOf(VERSIONS, undefined, undefined)).toEqual({ from: 2, to: 3 });
  });

  it("are those of the address where they exist", () => {
    expect(versionsOf(VERSIONS, "1", "2")).toEqual({ from: 1, to: 2 });
    expect(versionsOf(VERSIONS, "9", "2")).toEqual({ from: 1, to: 2 });
  });

  it("are one alone where there is no other", () => {
    expect(versionsOf(VERSIONS.slice(2), undefined, undefined)).toEqual({ from: undefined, to: 1 });
    expect(versionsOf([], undefined, undefined)).toEqual({ from: undefined, to: undefined });
  });
});

describe("lines of two documents", () => {
  it("have the signs of what was removed and added", () => {
    expect(diffLines("a\nb\nc", "a\nx\nc").map(({ sign, text }) => sign + text)).toEqual([
      " a",
      "-b",
      "+x",
      " c",
    ]);
  });

  it("add up to both documents", () => {
    const [before, after] = ["a\nb\nb\nc\nd\ne", "b\na\nb\nd\nf\ne"];
    const lines = diffLines(before, after);
    const side = (sign: "-" | "+") =>
      lines.filter((line) => line.sign === " " || line.sign === sign).map(({ text }) => text);
    expect(side("-").join("\n")).toBe(before);
    expect(side("+").join("\n")).toBe(after);
  });

  it("are shown with the lines around what differs", () => {
    const lines = diffLines("1\n2\n3\n4\n5\n6\n7", "1\n2\n3\nx\n5\n6\n7");
    const shown = withContext(lines, 1).map((line) =>
      line === null ? "…" : line.sign + line.text,
    );
    expect(shown).toEqual(["…", " 3", "-4", "+x", " 5", "…"]);
  });
});
