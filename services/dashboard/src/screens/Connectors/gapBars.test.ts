import { describe, expect, it } from "vitest";
import type { Gap } from "../../api/gaps";
import { barsOf, marksOf, WIDTH } from "./gapBars";

const NOW = Date.parse("2026-11-30T12:00:00Z");

function gap(start: string, end: string | null): Gap {
  return { gap_id: start, start, end } as Gap;
}

describe("the bars of gaps", () => {
  it("show a second and a gap that goes on, and cut what began before", () => {
    const bars = barsOf(
      [
        gap("2026-11-27T00:00:00Z", "2026-11-27T00:00:01Z"),
        gap("2026-11-30T06:00:00Z", null),
        gap("2026-11-20T00:00:00Z", "2026-11-24T00:00:00Z"),
        gap("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
      ],
      NOW,
    );
    expect(bars).toHaveLength(3);
    const [second, open, long] = bars;
    expect(second?.width).toBe(3);
    expect((open?.x ?? 0) + (open?.width ?? 0)).toBeCloseTo(WIDTH);
    expect(open?.seconds).toBe(6 * 3600);
    expect(long?.x).toBe(0);
    expect(long?.seconds).toBe(4 * 86_400);
  });

  it("keep what begins now inside", () => {
    const [bar] = barsOf([gap("2026-11-30T12:00:00Z", null)], NOW);
    expect(bar?.x).toBe(WIDTH - 3);
  });

  it("have a mark a day", () => {
    expect(marksOf(NOW)).toHaveLength(8);
    expect(marksOf(NOW).at(-1)).toEqual({ at: NOW, x: WIDTH });
  });
});
