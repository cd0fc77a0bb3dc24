import { expect, test } from "vitest";
import type { Gap, Sample, Window } from "../../api/samples";
import { columnsOf, pausesOf, readingAt } from "./columns";

const T0 = Date.parse("2026-11-30T10:00:00Z") / 1000;
const at = (minute: number) => new Date((T0 + 60 * minute) * 1000).toISOString();

function sample(
  minute: number,
  value: number | null,
  quality = "good",
  text: string | null = null,
): Sample {
  return { at: at(minute), value, text, status: 0, quality, server_at: null, mapping: null };
}

function span(minute: number, avg: number | null, bad_count = 0): Window {
  const values = avg === null ? {} : { avg, min: avg - 1, max: avg + 1 };
  return {
    start: at(minute),
    end: at(minute + 2),
    count: avg === null ? 0 : 5,
    bad_count,
    duration_good: 0,
    ...values,
  };
}

test("samples hold until the next one; a bad one ends the line and is drawn apart", () => {
  const { x, line, bad, isStepped } = columnsOf(
    { items: [sample(0, 5), sample(1, 6, "bad"), sample(2, null, "bad"), sample(3, 7)] },
    [],
  );
  expect(isStepped).toBe(true);
  expect(x.map((second) => (second - T0) / 60)).toEqual([0, 1, 2, 3]);
  expect(line).toEqual([5, null, null, 7]);
  expect(bad).toEqual([null, 6, 5, null]);
});

test("a gap interrupts the line, which holds until its start", () => {
  const { x, line } = columnsOf({ items: [sample(0, 5), sample(9, 7)] }, [
    { startS: T0 + 120, endS: T0 + 480 },
  ]);
  expect(line).toEqual([5, 5, null, 7]);
  expect(x[1]).toBe(T0 + 120);
});

test("windows have a mean in their middle, with minimum and maximum; one of bad samples is a hole", () => {
  const columns = columnsOf({ items: [span(0, 5), span(2, null, 3), span(4, 7, 1)] }, []);
  expect(columns.isStepped).toBe(false);
  expect(columns.x.map((second) => (second - T0) / 60)).toEqual([1, 3, 5]);
  expect(columns.line).toEqual([5, null, 7]);
  expect(columns.max).toEqual([6, null, 8]);
  expect(columns.bad).toEqual([null, 5, 7]);
});

test("gaps count for their connector and signals, unless the data came later; an open one lasts", () => {
  const gap: Gap = {
    gap_id: "1",
    connector_id: "c",
    source: "s",
    signal_keys: [],
    start: at(1),
    end: null,
    cause: "x",
    detail: "",
    estimate: null,
    backfilled: false,
  };
  const end = T0 + 600;
  expect(pausesOf([gap], "c", "k", end)).toEqual([{ startS: T0 + 60, endS: end }]);
  expect(pausesOf([gap], "other", "k", end)).toEqual([]);
  expect(pausesOf([{ ...gap, signal_keys: ["z"] }], "c", "k", end)).toEqual([]);
  expect(pausesOf([{ ...gap, backfilled: true }], "c", "k", end)).toEqual([]);
});

test("the cursor reads the sample that holds, or the window around it", () => {
  const items = [sample(0, 5), sample(5, null, "good", "run")];
  expect(readingAt(items, (T0 - 1) * 1000)).toBeUndefined();
  expect(readingAt(items, (T0 + 200) * 1000)?.value).toBe(5);
  expect(readingAt(items, (T0 + 301) * 1000)?.text).toBe("run");
  const windows = [span(0, 5), span(6, null, 2)];
  expect(readingAt(windows, (T0 + 60) * 1000)).toMatchObject({ value: 5, min: 4, max: 6 });
  expect(readingAt(windows, (T0 + 180) * 1000)).toBeUndefined();
  expect(readingAt(windows, (T0 + 400) * 1000)?.quality).toBe("bad");
});

test("the cursor reads nothing inside a gap, nor after it until a new sample", () => {
  const pauses = [{ startS: T0 + 120, endS: T0 + 240 }];
  const items = [sample(0, 5), sample(6, 7)];
  const read = (second: number) => readingAt(items, (T0 + second) * 1000, pauses)?.value;
  expect([60, 120, 200, 300, 360].map(read)).toEqual([5, undefined, undefined, undefined, 7]);
  expect(readingAt([span(2, 5)], (T0 + 180) * 1000, pauses)).toBeUndefined();
});
