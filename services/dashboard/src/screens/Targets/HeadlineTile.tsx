/** The answer: how much more productive, of how much, by when, against what. */
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useZoneOf } from "../../shared/useHomeZone";
import styles from "./HeadlineTile.module.css";
import { dueWordsOf } from "./words";

export function HeadlineTile({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const zone = useZoneOf(target.under);
  const format = useFormats(zone);
  const dates = useFormats(); // days without a time
  const { baseline } = target;
  const day = (on: string) => dates.day(on, true);
  return (
    <Tile title={t("headline")} extra={<strong>{t(`states.${target.state}`)}</strong>}>
      <p className="headline">
        {format.change(target.change)}{" "}
        <span className={styles.goal}>{t("ofGoal", { goal: format.change(target.goal) })}</span>
      </p>
      <progress
        className={styles.progress}
        max={target.goal}
        value={Math.max(0, target.change ?? 0)}
        aria-label={t("ofGoal", { goal: format.change(target.goal) })}
      />
      <p className={styles.due}>
        <DueText target={target} />
      </p>
      <ul className={styles.facts}>
        {target.gap_points === null || target.gap_points <= 0 ? null : (
          <li>{t("gap", { gap: format.points(target.gap_points / 100) })}</li>
        )}
        {target.first_met_on === null ? null : (
          <li>{t("firstMet", { on: day(target.first_met_on) })}</li>
        )}
        {target.needed_per_month === null ? null : (
          <li>
            {t("needed", {
              rate: format.change(target.needed_per_month),
              by: day(target.reach_by),
            })}
          </li>
        )}
        {target.reason === null ? null : <li>{t("noValue", { reason: target.reason })}</li>}
        <li>
          {t("now", {
            start: format.dayTime(target.now_start),
            end: format.dayTime(target.now_end),
            zone: format.zone(target.now_end),
          })}
        </li>
        {target.judged_share === null ? null : (
          <li>{t("judged", { share: format.share(target.judged_share) })}</li>
        )}
      </ul>
      <p className="second">
        {t("baseline", {
          start: format.day(baseline.start, true),
          end: format.day(Date.parse(baseline.end) - 1, true), // the last day of a half-open period
          zone: format.zone(baseline.end),
          value: format.number(baseline.productivity, 1),
          unit: baseline.unit,
          machines: baseline.machines,
          frozen: format.day(baseline.frozen_at, true),
          standards: baseline.standards,
        })}{" "}
        {t(`methods.${target.output}`)} {t(`inputs.${target.input}`)}{" "}
        {(target.valuation?.text ?? []).join(" ")}
      </p>
    </Tile>
  );
}

function DueText({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const format = useFormats();
  const words = dueWordsOf(target);
  const on = format.day(target.due_on, true);
  const change = format.change(target.change);
  const path = format.change(target.path_change);
  switch (words.key) {
    case "missed":
      return words.byRatio === undefined
        ? t("due.missedUnknown", { on, change })
        : t("due.missed", { on, change, by: gapText(format.points(words.byRatio)) });
    case "behind":
      return t("due.behind", { on, path, by: gapText(format.points(words.byRatio)) });
    case "onPath":
      return t("due.onPath", { on, path });
    case "unknown":
      return t("due.unknown", { on });
    default:
      return t(`due.${words.key}`, { on, change });
  }
}

/** Write what is missing without a sign: "missed by 12.3 pp". */
export function gapText(points: string): string {
  return points.replace(/^\+/, "");
}
