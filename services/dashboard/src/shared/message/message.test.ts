import { describe, expect, it } from "vitest";
import { linksOf, segmentsOf, textOf } from "./message";

const MESSAGE =
  "UNA:+.? 'UNB+UNOC:3+403101000000:14'\nUNH+1+DESADV:D:96A:UN'BGM+351+LS?+1+9'" +
  "DTM+17:20261130131900UTC:304'QTY+12:600:PCE'";

describe("a message beside its reading", () => {
  it("is divided into its segments, by its own separators", () => {
    const segments = segmentsOf(MESSAGE);
    expect(segments.map(({ text }) => text.slice(0, 3))).toEqual([
      "UNA",
      "UNB",
      "UNH",
      "BGM",
      "DTM",
      "QTY",
    ]);
    expect(segments[3]).toEqual({ text: "BGM+351+LS?+1+9'", values: ["BGM", "351", "LS+1", "9"] });
  });

  it("links fields to the segments that hold their value", () => {
    const links = linksOf(
      {
        document: "LS+1",
        quantity: 600,
        arrives_us: 1796044740000000,
        function: "original",
        line: "9",
      },
      segmentsOf(MESSAGE),
      "UNH 1 BGM 1",
    );
    expect(Object.fromEntries(links)).toEqual({
      document: [3],
      quantity: [5],
      arrives_us: [4],
      function: [],
      line: [3],
    });
  });

  it("divides other texts into lines", () => {
    const segments = segmentsOf("part;stock\n50417-20;378,00\n");
    expect(segments).toHaveLength(2);
    expect(linksOf({ quantity: 378 }, segments, "line 2").get("quantity")).toEqual([1]);
  });

  it("reads UTF-8, else Windows' letters; binary is no text", () => {
    expect(textOf(btoa("Stra\xdfe"))).toBe("Straße");
    expect(textOf(btoa("a\0b"))).toBeUndefined();
  });
});
