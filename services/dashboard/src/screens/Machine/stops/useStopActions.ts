/** What a person does to chosen stops: reason, split, merge, undo; each can be taken back. */
import { useTranslations } from "use-intl";
import {
  classifyStop,
  mergeStops,
  type Stop,
  type StopChange,
  splitStop,
  undoChange,
  undoStop,
} from "../../../api/stops";
import { useAction } from "../../../shared/useAction";

/** Every answer that time and reasons of stops go into. */
const CHANGED = [
  ["stops"],
  ["states"],
  ["losses"],
  ["loss_times"],
  ["kpi_values"],
  ["shift_reports"],
  ["audit", "stop"],
  ["overview"],
] as const;

interface Classified {
  stops: readonly Stop[];
  reason: string | null;
  comment: string;
}

async function classifyAll({ stops, reason, comment }: Classified): Promise<StopChange[]> {
  const changes: StopChange[] = [];
  for (const stop of stops) {
    changes.push(
      await classifyStop(stop.id, {
        reason,
        comment: comment === "" ? stop.comment : comment,
        version: stop.version,
      }),
    );
  }
  return changes;
}

async function undoAll(changes: readonly StopChange[]): Promise<void> {
  for (const change of changes.toReversed()) await undoChange(change);
}

export function useStopActions() {
  const t = useTranslations("machine.entry");
  const invalidates = CHANGED;
  const classify = useAction(classifyAll, { invalidates, done: t("classified"), undo: undoAll });
  const split = useAction(({ stop, at }: { stop: Stop; at: string }) => splitStop(stop, at), {
    invalidates,
    done: t("wasSplit"),
    undo: undoChange,
  });
  const merge = useAction(mergeStops, { invalidates, done: t("merged"), undo: undoChange });
  const undo = useAction((stop: Stop) => undoStop(stop.id, stop.version), {
    invalidates,
    done: t("takenBack"),
  });
  return { classify, split, merge, undo };
}

export type StopActions = ReturnType<typeof useStopActions>;
