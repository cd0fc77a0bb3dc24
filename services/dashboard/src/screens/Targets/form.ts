/** A target as its form has it: texts and days; and as the API takes it. */
import type { NewTarget, Target } from "../../api/targets";

const DAY_MS = 86_400_000;

export interface Draft {
  key: string;
  name: string;
  scope: string[];
  otherScope: string;
  goal: number | null;
  dueOn: string;
  baselineStart: string;
  baselineEnd: string;
  path: "linear" | "compound" | "steps";
  steps: string;
  output: "earned_standard_minutes" | "good_parts";
  input: "machine_hours" | "attended_hours" | "cost";
  nowDays: number | null;
  reason: string;
  /** The instants of the baseline as they are stored: a period need not begin at midnight. */
  stored: { start: string; end: string } | undefined;
}

export const NEW_DRAFT: Draft = {
  key: "",
  name: "",
  scope: [],
  otherScope: "",
  goal: 33.33,
  dueOn: "",
  baselineStart: "",
  baselineEnd: "",
  path: "linear",
  steps: "",
  output: "earned_standard_minutes",
  input: "machine_hours",
  nowDays: 28,
  reason: "",
  stored: undefined,
};

/** What a form shows of a target. */
export type Saved = Pick<
  Target,
  "key" | "name" | "under" | "goal" | "due_on" | "path" | "steps" | "output" | "input" | "now_days"
> & { baseline: Pick<Target["baseline"], "start" | "end"> };

/** Return the day after a day, or before it, as 2026-12-01. */
export function dayAfter(day: string, days = 1): string {
  const at = Date.parse(day);
  return Number.isNaN(at) ? day : new Date(at + days * DAY_MS).toISOString().slice(0, 10);
}

export function draftOf(target: Saved, known: readonly string[]): Draft {
  return {
    key: target.key,
    name: target.name,
    scope: target.under.filter((path) => known.includes(path)),
    otherScope: target.under.filter((path) => !known.includes(path)).join("\n"),
    goal: percentOf(target.goal),
    dueOn: target.due_on,
    baselineStart: startDay(target.baseline.start),
    baselineEnd: endDay(target.baseline.end),
    path: target.path,
    steps: target.steps.map((step) => `${step.due_on} ${percentOf(step.change)}`).join("\n"),
    output: target.output,
    input: target.input,
    nowDays: target.now_days,
    reason: "",
    stored: { start: target.baseline.start, end: target.baseline.end },
  };
}

/** The day of an instant as the API writes it: with the offset of its zone. */
function startDay(instant: string): string {
  return instant.slice(0, 10);
}

/** The last day of a half-open period. */
function endDay(instant: string): string {
  return instant.slice(11, 16) === "00:00"
    ? dayAfter(instant.slice(0, 10), -1)
    : instant.slice(0, 10);
}

/** 0.3333 is 33.33, without the dust of binary fractions. */
function percentOf(ratio: number): number {
  return Number((ratio * 100).toFixed(6));
}

function linesOf(text: string): string[] {
  return text.split(/[\n,]/).flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

/** Read a number with a comma or a point; undefined: it is none. */
function numberOf(text: string): number | undefined {
  const number = Number(text.trim().replace(",", ".").replace("−", "-"));
  return text.trim() === "" || Number.isNaN(number) ? undefined : number;
}

/** Return the line of the steps that cannot be read, counted from 1. */
export function wrongStep(text: string): number | undefined {
  const index = text
    .split("\n")
    .findIndex((line) => line.trim() !== "" && stepOf(line) === undefined);
  return index < 0 ? undefined : index + 1;
}

function stepOf(line: string): { due_on: string; change: number } | undefined {
  const [, day = "", percent = ""] =
    /^(\d{4}-\d{2}-\d{2})\s+([+\-−]?[\d.,]+)\s*%?$/.exec(line.trim()) ?? [];
  const number = numberOf(percent);
  return number === undefined ? undefined : { due_on: day, change: number / 100 };
}

/** The baseline: as it was, where its days are, so that it is not measured anew. */
function baselineOf(draft: Draft): Pick<NewTarget, "baseline_start" | "baseline_end"> {
  const { baselineStart, baselineEnd, stored } = draft;
  if (
    stored !== undefined &&
    startDay(stored.start) === baselineStart &&
    endDay(stored.end) === baselineEnd
  ) {
    return { baseline_start: stored.start, baseline_end: stored.end };
  }
  return {
    baseline_start: baselineStart,
    baseline_end: baselineEnd === "" ? null : dayAfter(baselineEnd),
  };
}

/** What is sent; the API checks it, also what is empty. */
export function bodyOfDraft(draft: Draft): NewTarget {
  return {
    name: draft.name,
    under: [...draft.scope, ...linesOf(draft.otherScope)],
    goal: (draft.goal ?? 0) / 100,
    due_on: draft.dueOn,
    ...baselineOf(draft),
    path: draft.path,
    steps:
      draft.path === "steps" ? draft.steps.split("\n").flatMap((line) => stepOf(line) ?? []) : [],
    output: draft.output,
    input: draft.input,
    now_days: draft.nowDays ?? 0,
    reason: draft.reason === "" ? null : draft.reason,
  };
}
