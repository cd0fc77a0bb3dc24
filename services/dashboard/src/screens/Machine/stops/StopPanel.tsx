/** What a person says about the chosen stops: reason, comment, split, merge, and what was changed. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Stop } from "../../../api/stops";
import { TextField } from "../../../shared/form/Field";
import { nameOf } from "../../../shared/format";
import { useShortcut } from "../../../shared/keyboard";
import { ProblemNotice } from "../../../shared/ProblemNotice";
import { machineState } from "../../../shared/states";
import { Tile } from "../../../shared/Tile";
import { useFormats } from "../../../shared/useFormats";
import { useMayI } from "../../../shared/useMayI";
import { useReasonName } from "../../../shared/useReasonName";
import { MergeForm } from "./MergeForm";
import { ReasonPicker } from "./ReasonPicker";
import { SplitForm } from "./SplitForm";
import { StopChanges } from "./StopChanges";
import styles from "./StopPanel.module.css";
import { areAdjacent } from "./selection";
import type { Selection } from "./useSelection";
import { useStopActions } from "./useStopActions";

interface Props {
  plant: string;
  path: string;
  zone: string;
  selection: Selection;
}

export function StopPanel({ plant, path, zone, selection }: Props) {
  const t = useTranslations("machine.entry");
  const common = useTranslations("common");
  const mayWrite = useMayI("stops:write");
  const { stops } = selection;
  useShortcut("Escape", selection.clear, { isOff: stops.length === 0 });
  const only = stops.length === 1 ? stops[0] : undefined;
  if (stops.length === 0) return null;
  return (
    <Tile
      title={only === undefined ? t("several", { count: stops.length }) : t("title")}
      extra={
        <Button variant="subtle" onClick={selection.clear}>
          {common("close")}
        </Button>
      }
    >
      {only === undefined ? null : <Facts stop={only} zone={zone} />}
      {mayWrite ? (
        <Entry
          key={stops.map(({ id }) => id).join(",")}
          plant={plant}
          path={path}
          zone={zone}
          selection={selection}
        />
      ) : null}
      {only === undefined ? null : (
        <StopChanges stop={only} plant={plant} zone={zone} mayUndo={mayWrite} />
      )}
    </Tile>
  );
}

function Facts({ stop, zone }: { stop: Stop; zone: string }) {
  const machine = useTranslations("machine");
  const t = useTranslations("machine.entry");
  const states = useTranslations("states");
  const format = useFormats(zone);
  const reasonName = useReasonName();
  const parts = [
    nameOf(stop.equipment),
    states(machineState(stop.state)),
    `${format.day(stop.start)} ${format.time(stop.start, true)}–${stop.end === null ? machine("goesOn") : format.time(stop.end, true)}`,
    format.duration(stop.duration_s),
    ...(stop.code === null ? [] : [machine("machineCode", { code: stop.code })]),
  ];
  return (
    <p>
      {parts.join(" · ")}
      <br />
      <strong>{reasonName(stop) ?? t("untagged")}</strong>
      {stop.comment === null ? null : ` · ${stop.comment}`}
    </p>
  );
}

function Entry({ plant, path, zone, selection }: Props) {
  const t = useTranslations("machine.entry");
  const { stops, cursorMs } = selection;
  const only = stops.length === 1 ? stops[0] : undefined;
  const [comment, setComment] = useState(only?.comment ?? "");
  const [refusal, setRefusal] = useState<unknown>();
  const { classify, comment: note, split, merge } = useStopActions();
  const problem = classify.problem ?? note.problem ?? split.problem ?? merge.problem ?? refusal;

  async function give(reason: string | null) {
    setRefusal((await classify.run(stops, reason, comment))?.refusal);
  }

  const isTagged = stops.some(({ reason_source }) => reason_source === "entered");
  return (
    <div className={styles.entry}>
      {problem instanceof Error ? <ProblemNotice error={problem} /> : null}
      <ReasonPicker
        plant={plant}
        usedAt={path}
        kind="stop"
        onChoose={({ code }) => void give(code)}
      />
      <div className={styles.line}>
        <TextField label={t("comment")} value={comment} onChange={setComment} />
        {only === undefined ? null : (
          <Button variant="default" onClick={() => void note.run(only, comment)}>
            {t("saveComment")}
          </Button>
        )}
        {isTagged ? (
          <Button variant="default" onClick={() => void give(null)}>
            {t("untag")}
          </Button>
        ) : null}
      </div>
      {only === undefined ? null : (
        <SplitForm
          key={cursorMs}
          stop={only}
          cursorMs={cursorMs}
          zone={zone}
          onSplit={(at) => void split.run({ stop: only, at })}
        />
      )}
      {areAdjacent(stops) ? (
        <MergeForm
          stops={stops}
          onMerge={async (body) => {
            const change = await merge.run(body);
            const merged = change?.stops.find(({ version }) => version === change.change);
            if (merged !== undefined) selection.show([merged.id]);
          }}
        />
      ) : null}
    </div>
  );
}
