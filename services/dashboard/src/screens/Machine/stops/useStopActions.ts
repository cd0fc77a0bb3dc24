/** What a person does to chosen stops: reason, comment, split, merge, undo; each can be taken back. */
import { useTranslations } from "use-intl";
import {
  classifyStops,
  mergeStops,
  type Stop,
  splitStop,
  undoChange,
  undoStop,
} from "../../../api/stops";
import { useAction } from "../../../shared/useAction";
import { commentOf, type Done, type Request, requestsOf, sendAll, undoAll } from "./classifying";

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

export function useStopActions() {
  const t = useTranslations("machine.entry");
  const invalidates = CHANGED;
  const classify = useAction(
    async ({ requests }: { requests: readonly Request[] }) => {
      const done = await sendAll(requests, classifyStops);
      const count = requests.reduce((sum, { stops }) => sum + stops.length, 0);
      return { ...done, count };
    },
    {
      invalidates,
      done: ({ changes, refusal, count }) =>
        refusal === undefined
          ? t("classified")
          : t("classifiedInPart", { done: changes.length, count }),
      undo: (done: Done) => undoAll(done, undoChange),
    },
  );
  const comment = useAction((request: Request) => sendAll([request], classifyStops), {
    invalidates,
    done: t("commented"),
    undo: (done: Done) => undoAll(done, undoChange),
  });
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

  return {
    classify: {
      problem: classify.problem,
      run: (stops: readonly Stop[], reason: string | null, typed: string) =>
        classify.run({ requests: requestsOf({ stops, reason, comment: typed }) }),
    },
    comment: {
      problem: comment.problem,
      run: (stop: Stop, typed: string) => comment.run(commentOf(stop, typed)),
    },
    split,
    merge,
    undo,
  };
}

export type StopActions = ReturnType<typeof useStopActions>;
