/** The formats of a screen: numbers and times in the language of the page, times in one zone. */
import { useMemo } from "react";
import { useLanguage } from "../i18n/LanguageProvider";
import * as format from "./format";

export function useFormats(zone = "UTC") {
  const { language } = useLanguage();
  return useMemo(
    () => ({
      number: (value: number | null | undefined, digits = 0) =>
        format.formatNumber(value, language, digits),
      share: (ratio: number | null | undefined) => format.formatShare(ratio, language),
      change: (ratio: number | null | undefined) => format.formatChange(ratio, language),
      points: (difference: number | null | undefined) => format.formatPoints(difference, language),
      duration: (seconds: number | null | undefined) => format.formatDuration(seconds, language),
      time: (at: string | number, seconds = false) =>
        format.formatTime(at, zone, language, seconds),
      timeIn: (period: { startMs: number; endMs: number }, at: string | number, seconds = false) =>
        format.formatTimeIn(period, at, zone, language, seconds),
      day: (at: string | number, year = false) => format.formatDay(at, zone, language, year),
      dayTime: (at: string | number) => format.formatDayTime(at, zone, language),
      span: (start: string | number, end: string | number) =>
        format.formatSpan(start, end, zone, language),
      zone: (at: string | number) => format.zoneName(at, zone, language),
    }),
    [language, zone],
  );
}

export type Formats = ReturnType<typeof useFormats>;
