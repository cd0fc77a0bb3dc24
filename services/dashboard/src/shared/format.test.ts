import { describe, expect, it } from "vitest";
import {
  dayOf,
  formatChange,
  formatDay,
  formatDuration,
  formatNumber,
  formatPoints,
  formatShare,
  formatSpan,
  formatTime,
  formatTimeIn,
  nameOf,
  zoneName,
} from "./format";

const WINTER = "2026-11-30T02:50:02Z";
const SUMMER = "2026-07-01T10:00:00Z";

describe("numbers", () => {
  it.each([
    [0.7064, "70.6%", "70,6 %"],
    [1, "100.0%", "100,0 %"],
    [null, "–", "–"],
    [0, "0.0%", "0,0 %"],
  ])("writes the share %s", (ratio, en, de) => {
    expect(formatShare(ratio, "en")).toBe(en);
    expect(formatShare(ratio, "de").replace("\u00a0", " ")).toBe(de);
  });

  it.each([
    [0.009, "+0.9 pp", "+0,9 Pkt."],
    [-0.123, "-12.3 pp", "-12,3 Pkt."],
    [0, "0.0 pp", "0,0 Pkt."],
  ])("writes the difference %s in points", (difference, en, de) => {
    expect(formatPoints(difference, "en")).toBe(en);
    expect(formatPoints(difference, "de")).toBe(de);
  });

  it.each([
    [0.3333, "+33.3%"],
    [-0.041, "-4.1%"],
    [0, "0.0%"],
    [null, "–"],
  ])("writes the change %s with its sign", (ratio, text) => {
    expect(formatChange(ratio, "en")).toBe(text);
  });

  it("separates thousands", () => {
    expect(formatNumber(73448, "en")).toBe("73,448");
    expect(formatNumber(73448.25, "de", 1)).toBe("73.448,3");
  });
});

describe("lengths of time", () => {
  it.each([
    [0, "0 s"],
    [45, "45 s"],
    [59.4, "59 s"],
    [59.6, "1:00 min"],
    [187, "3:07 min"],
    [3599, "59:59 min"],
    [3600, "1:00 h"],
    [7500, "2:05 h"],
    [86_369, "23:59 h"],
    [86_370, "1.0 d"],
    [112_320, "1.3 d"],
    [-187, "−3:07 min"],
    [null, "–"],
  ])("writes %s seconds", (seconds, text) => {
    expect(formatDuration(seconds, "en")).toBe(text);
  });
});

describe("times in the plant's zone", () => {
  it("is not the browser's", () => {
    expect(formatTime(WINTER, "Europe/Berlin", "en")).toBe("03:50");
    expect(formatTime(WINTER, "America/Mexico_City", "de", true)).toBe("20:50:02");
    expect(formatDay(WINTER, "America/Mexico_City", "en")).toBe("29 Nov");
    expect(dayOf(WINTER, "America/Mexico_City")).toBe("2026-11-29");
  });

  it("names the day where the period has several", () => {
    const startMs = Date.parse("2026-11-29T21:00:00Z");
    const shift = { startMs, endMs: startMs + 8 * 3_600_000 };
    const week = { startMs, endMs: startMs + 7 * 86_400_000 };
    expect(formatTimeIn(shift, WINTER, "Europe/Berlin", "en")).toBe("03:50");
    expect(formatTimeIn(week, WINTER, "Europe/Berlin", "en", true)).toBe("30 Nov 03:50:02");
  });

  it("writes midnight as 00", () => {
    expect(formatTime("2026-11-30T23:00:00Z", "Europe/Berlin", "en")).toBe("00:00");
  });

  it("names the zone in both languages", () => {
    expect(zoneName(WINTER, "Europe/Berlin", "en")).toBe("CET");
    expect(zoneName(WINTER, "Europe/Berlin", "de")).toBe("MEZ");
    expect(zoneName(SUMMER, "Europe/Berlin", "de")).toBe("MESZ");
  });

  it("takes no other zone of the same hour for Central European Time", () => {
    expect(zoneName(WINTER, "Africa/Lagos", "de")).not.toBe("MEZ");
    expect(zoneName(WINTER, "Africa/Johannesburg", "de")).not.toBe("MESZ");
  });
});

describe("spans", () => {
  const now = Date.parse(WINTER);
  const zone = "Europe/Berlin";
  it.each([
    ["2026-11-30T06:00:00+01:00", "2026-11-30T14:00:00+01:00", "30 Nov 06:00–14:00 CET"],
    ["2026-11-29T22:00:00+01:00", "2026-11-30T06:00:00+01:00", "29 Nov 22:00 – 30 Nov 06:00 CET"],
    [
      "2025-12-31T22:00:00+01:00",
      "2026-01-01T06:00:00+01:00",
      "31 Dec 2025 22:00 – 1 Jan 06:00 CET",
    ],
    [
      "2026-10-25T02:30:00+02:00",
      "2026-10-25T02:30:00+01:00",
      "25 Oct 02:30 CEST – 25 Oct 02:30 CET",
    ],
  ])("writes %s to %s", (start, end, text) => {
    expect(formatSpan(start, end, zone, "en", now)).toBe(text);
  });

  it("writes the zone in German", () => {
    const [start, end] = ["2026-11-30T06:00:00+01:00", "2026-11-30T14:00:00+01:00"];
    expect(formatSpan(start, end, zone, "de", now)).toBe("30. Nov. 06:00–14:00 MEZ");
  });
});

it("names equipment by the end of its path", () => {
  expect(nameOf("nordwerk/zwick-2/presse-7")).toBe("presse-7");
  expect(nameOf("nordwerk")).toBe("nordwerk");
});
