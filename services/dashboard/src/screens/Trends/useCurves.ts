/** The signals of the screen, each with what the API answers about it. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Period, states } from "../../api/equipment";
import {
  annotationsOfAll,
  gapsOf,
  type LatestSignal,
  latestSignals,
  type SignalSamples,
  samples,
  summaries,
} from "../../api/samples";
import { columnsOf, type Pause, pausesOf } from "./columns";
import type { Drawn } from "./drawing";
import type { Curve } from "./panes";

/** A signal with its samples; `number`: from 1, its colour and its name in the picture. */
export interface TrendCurve extends Curve, Drawn {
  signal: LatestSignal;
  samples: SignalSamples;
  /** What is known to be lost of its data. */
  pauses: readonly Pause[];
}

export interface TimeSpan {
  startMs: number;
  endMs: number;
}

/** Ask for the signals and their samples; `points`: 0 while the width is not known. */
export function useCurves(ids: readonly number[], period: Period, points: number) {
  const known = useQuery({ ...latestSignals(ids), enabled: ids.length > 0 });
  const signals = useMemo(
    () => ids.flatMap((id) => known.data?.filter((signal) => signal.id === id) ?? []),
    [ids, known.data],
  );
  const found = useMemo(() => signals.map(({ id }) => id), [signals]);
  const query = useQuery({
    ...samples(found, period, points),
    enabled: found.length > 0 && points > 0,
  });
  const summary = useQuery({ ...summaries(found, period), enabled: found.length > 0 });
  const connectors = useMemo(
    () => [...new Set(signals.map((signal) => signal.connector_id))].toSorted(),
    [signals],
  );
  const gaps = useQuery({ ...gapsOf(connectors, period), enabled: connectors.length > 0 });
  const span = useMemo(() => spanOf(query.data?.items ?? []), [query.data]);
  const curves = useMemo(
    () =>
      signals.flatMap((signal): TrendCurve[] => {
        const own = query.data?.items.find(({ id }) => id === signal.id);
        if (own === undefined || span === undefined) return [];
        const index = ids.indexOf(signal.id);
        const { connector_id: connector, key, id, unit } = signal;
        const pauses = pausesOf(gaps.data?.items ?? [], connector, key, span.endMs / 1000);
        const columns = columnsOf(own, pauses);
        return [{ id, index, unit, number: index + 1, signal, samples: own, columns, pauses }];
      }),
    [ids, signals, query.data, gaps.data, span],
  );
  return { known, signals, query, summary, gaps, span, curves };
}

/** Ask for the states and the notes of the equipment that the signals belong to. */
export function useSurroundings(signals: readonly LatestSignal[], period: Period) {
  const paths = useMemo(
    () => [...new Set(signals.flatMap(({ equipment }) => equipment ?? []))],
    [signals],
  );
  const notes = useQuery({ ...annotationsOfAll(paths, period), enabled: paths.length > 0 });
  const answers = useQueries({ queries: paths.map((path) => states(path, period)) });
  // A line has no states of its own: those of its machines would be several strips.
  const strips = paths.flatMap((path, n) => {
    const pieces = answers[n]?.data?.items ?? [];
    const isOwn = pieces.length > 0 && pieces.every(({ equipment }) => equipment === path);
    return isOwn ? [{ path, pieces }] : [];
  });
  return { paths, notes, answers, strips };
}

function spanOf(items: readonly SignalSamples[]): TimeSpan | undefined {
  if (items.length === 0) return undefined;
  return {
    startMs: Math.min(...items.map(({ start }) => Date.parse(start))),
    endMs: Math.max(...items.map(({ end }) => Date.parse(end))),
  };
}
