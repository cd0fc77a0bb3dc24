/** What people changed about a stop: who, when, what it was before and is since. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { changesOfStop, type Stop } from "../../../api/stops";
import { Answered } from "../../../shared/Answered";
import { Cut } from "../../../shared/Cut";
import { personOf } from "../../../shared/format";
import { ProblemNotice } from "../../../shared/ProblemNotice";
import { Refused } from "../../../shared/Refused";
import { machineState } from "../../../shared/states";
import { useCodeName } from "../../../shared/useCodeName";
import { useFormats } from "../../../shared/useFormats";
import styles from "./StopPanel.module.css";
import { useStopActions } from "./useStopActions";

interface Props {
  stop: Stop;
  plant: string;
  zone: string;
  mayUndo: boolean;
}

export function StopChanges({ stop, plant, zone, mayUndo }: Props) {
  const t = useTranslations("machine.entry");
  const format = useFormats(zone);
  const { query: reasons, nameOf: reasonName } = useCodeName(plant, "stop");
  const describe = useDescription(zone, reasonName);
  const query = useQuery(changesOfStop(stop.id));
  const { undo } = useStopActions();
  return (
    <Answered query={query}>
      {({ items, next_cursor }) =>
        items.length === 0 && stop.version === 0 ? null : (
          <>
            <h3>{t("changes")}</h3>
            <Refused queries={[reasons]} />
            {undo.problem === undefined ? null : <ProblemNotice error={undo.problem} />}
            <ul className={styles.changes}>
              {items.map(({ id, at, by, action, before, after, reason }) => (
                <li key={id}>
                  {`${format.dayTime(at)} · ${personOf(by)} · ${actionName(t, action)}: `}
                  {`${describe(before)} → ${describe(after)}`}
                  {reason === null ? null : ` (${reason})`}
                </li>
              ))}
            </ul>
            <Cut shown={items.length} isCut={next_cursor !== null} />
            {mayUndo && stop.version > 0 ? (
              <div>
                <Button variant="default" onClick={() => void undo.run(stop)}>
                  {t("undoLast")}
                </Button>
              </div>
            ) : null}
          </>
        )
      }
    </Answered>
  );
}

type Texts = ReturnType<typeof useTranslations<"machine.entry">>;

function actionName(t: Texts, action: string): string {
  const key = `actions.${action}`;
  return t.has(key as never) ? t(key as never) : action;
}

type Document = Record<string, unknown> | null;

/** Return what writes a stop as the audit log has it: state, from, to, reason, comment. */
function useDescription(
  zone: string,
  reasonName: (code: string) => string,
): (document: Document) => string {
  const t = useTranslations("machine.entry");
  const states = useTranslations("states");
  const format = useFormats(zone);
  return function describe(document: Document): string {
    if (document === null) return "–";
    if (Array.isArray(document.stops)) return document.stops.map(describe).join(" + ");
    if (typeof document.undone_change === "number") {
      return t("change", { number: document.undone_change });
    }
    const { state, start, end, reason, comment } = document;
    const times = [start, end].map((at) =>
      typeof at === "string" ? `${format.day(at)} ${format.time(at, true)}` : "–",
    );
    return [
      typeof state === "string" ? states(machineState(state)) : "–",
      times.join("–"),
      typeof reason === "string" ? reasonName(reason) : t("untagged"),
      ...(typeof comment === "string" && comment !== "" ? [comment] : []),
    ].join(", ");
  };
}
