/** Runs the mapping again over what was refused: asks once with the number, then shows the progress. */
import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import {
  DATA_QUALITY,
  QUARANTINE,
  type QuarantineGroup,
  replayEntries,
} from "../../api/quarantine";
import { isFinished, replayOf } from "../../api/replays";
import { Answered } from "../../shared/Answered";
import { Dialog } from "../../shared/Dialog";
import { useShortcut } from "../../shared/keyboard";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import styles from "./Repair.module.css";
import { selectionOf, sizeOf } from "./selection";

interface Props {
  group: QuarantineGroup;
  selected: ReadonlySet<number>;
  onStarted: (replays: number[]) => void;
}

export function Replaying({ group, selected, onStarted }: Props) {
  const t = useTranslations("quality.replay");
  const common = useTranslations("common");
  const [isAsking, setAsking] = useState(false);
  const action = useAction(replayEntries, { invalidates: [["replays"]] });
  useShortcut("r", () => setAsking(true), { label: t("start") });
  const count = sizeOf(group, selected);

  async function start() {
    const replays = await action.run(selectionOf(group, selected));
    if (replays === undefined) return;
    setAsking(false);
    onStarted(replays.map(({ id }) => id));
  }
  return (
    <>
      <p className="second">{t("hint")}</p>
      <div className={styles.buttons}>
        <Button variant="default" aria-keyshortcuts="r" onClick={() => setAsking(true)}>
          {t("rows", { count })}
        </Button>
      </div>
      <Dialog title={t("ask", { count })} isOpen={isAsking} onClose={() => setAsking(false)}>
        <div className={styles.form}>
          <p>{t("askHint")}</p>
          {action.problem === undefined ? null : <ProblemNotice error={action.problem} />}
          <div className={styles.buttons}>
            <Button data-autofocus loading={action.isRunning} onClick={() => void start()}>
              {t("start")}
            </Button>
            <Button variant="default" onClick={() => setAsking(false)}>
              {common("cancel")}
            </Button>
          </div>
        </div>
      </Dialog>
    </>
  );
}

/** The progress of a replay until it is done; what it changed is asked for anew then. */
export function ReplayProgress({ id }: { id: number }) {
  const t = useTranslations("quality.replay");
  const states = useTranslations("quality.replay.states");
  const format = useFormats();
  const client = useQueryClient();
  const query = useQuery(replayOf(id));
  const isDone = query.data !== undefined && isFinished(query.data);
  useEffect(() => {
    if (!isDone) return;
    for (const queryKey of [QUARANTINE, DATA_QUALITY]) void client.invalidateQueries({ queryKey });
  }, [isDone, client]);
  return (
    <Answered query={query}>
      {(replay) => (
        <div className={styles.progress} role="status">
          <strong>
            {t("title", { id, connector: replay.connector_id })} ·{" "}
            {isState(replay.state) ? states(replay.state) : replay.state}
          </strong>
          <span>
            {t("counts", {
              inputs: replay.inputs,
              cleared: replay.quarantine_cleared,
              samples: replay.samples_added,
              events: replay.events_changed,
            })}
          </span>
          {replay.finished_at === null ? (
            <progress className={styles.bar} aria-label={t("running")} />
          ) : null}
          {replay.inputs_skipped > 0 ? (
            <span className="second">
              {t("skipped", { count: format.number(replay.inputs_skipped) })}
            </span>
          ) : null}
          {replay.error === null ? null : <span className={styles.failed}>{replay.error}</span>}
        </div>
      )}
    </Answered>
  );
}

function isState(state: string): state is "waiting" | "running" | "done" | "failed" {
  return ["waiting", "running", "done", "failed"].includes(state);
}
