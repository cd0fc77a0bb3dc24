import { describe, expect, it } from "vitest";
import { draggedSpan, instantAt, steppedSpan, ZOOM_MIN_MS, zoomOf, zoomSearch } from "./StateZoom";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-30T05:00:00Z");
const WHOLE = { startMs: START, endMs: START + 8 * HOUR };

describe("zooming a timeline", () => {
  it("shows the part of the address, within the whole", () => {
    const part = zoomOf(WHOLE, "2026-11-30T07:00:00+01:00", "2026-11-30T08:00:00+01:00");
    expect(part).toEqual({ startMs: START + HOUR, endMs: START + 2 * HOUR });
    expect(zoomOf(WHOLE, "2026-11-29T00:00:00Z", "2026-11-30T06:00:00Z").startMs).toBe(START);
    for (const [from, to] of [
      [undefined, undefined],
      ["nonsense", "2026-11-30T06:00:00Z"],
      ["2026-11-30T07:00:00Z", "2026-11-30T06:00:00Z"],
      ["2026-12-01T07:00:00Z", "2026-12-01T08:00:00Z"],
    ]) {
      expect(zoomOf(WHOLE, from, to)).toEqual(WHOLE);
    }
  });

  it("goes to what was dragged over, in both directions, never below a minute", () => {
    const right = draggedSpan(WHOLE, 100, 300, 800);
    expect(right).toEqual({ startMs: START + HOUR, endMs: START + 3 * HOUR });
    expect(draggedSpan(WHOLE, 300, 100, 800)).toEqual(right);
    const narrow = draggedSpan(WHOLE, 100, 101, 800_000);
    expect(narrow.endMs - narrow.startMs).toBe(ZOOM_MIN_MS);
    expect(draggedSpan(WHOLE, -50, 900, 800)).toEqual(WHOLE);
  });

  it("halves and doubles around an instant and stays in the whole", () => {
    const half = steppedSpan(WHOLE, WHOLE, 1);
    expect(half).toEqual({ startMs: START + 2 * HOUR, endMs: START + 6 * HOUR });
    expect(steppedSpan(WHOLE, half, -1)).toEqual(WHOLE);
    const atStart = steppedSpan(WHOLE, WHOLE, 1, START);
    expect(atStart).toEqual({ startMs: START, endMs: START + 4 * HOUR });
    const end = { startMs: START + 7 * HOUR, endMs: START + 8 * HOUR };
    expect(steppedSpan(WHOLE, end, -1)).toEqual({ startMs: START + 6 * HOUR, endMs: WHOLE.endMs });
  });

  it("writes the part into the address, in the time of the plant, and nothing for the whole", () => {
    const part = { startMs: START + 500, endMs: START + HOUR - 500 };
    expect(zoomSearch(WHOLE, part, "Europe/Berlin")).toEqual({
      from: "2026-11-30T06:00:00+01:00",
      to: "2026-11-30T07:00:00+01:00",
    });
    expect(zoomSearch(WHOLE, WHOLE, "Europe/Berlin")).toEqual({ from: undefined, to: undefined });
  });

  it("finds the instant of a place", () => {
    expect(instantAt(WHOLE, 400, 800)).toBe(START + 4 * HOUR);
    expect(instantAt(WHOLE, 4, 0)).toBe(START);
  });
});
