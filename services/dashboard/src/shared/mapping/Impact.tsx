/** What a mapping would change of what was received: rows, states, KPIs, values. */
import { useTranslations } from "use-intl";
import type { MappingDiff } from "../../api/mappings";
import { nameOf } from "../format";
import { ScrollBox } from "../ScrollBox";
import { machineState } from "../states";
import { useFormats } from "../useFormats";
import styles from "./Impact.module.css";
import { kpiChanges, passing } from "./impact";

const ROWS_SHOWN = 8;

interface Props {
  diff: MappingDiff;
  zone: string;
}

export function Impact({ diff, zone }: Props) {
  const t = useTranslations("mappings.impact");
  const format = useFormats(zone);
  const { accepted, refused } = passing(diff);
  const codes = diff.unmapped_before.codes.filter(
    (code) => !diff.unmapped_after.codes.includes(code),
  );
  return (
    <div className={styles.impact}>
      <p className={styles.headline}>{t("accepted", { count: accepted })}</p>
      {refused > 0 ? <p className={styles.worse}>{t("refused", { count: refused })}</p> : null}
      {codes.length > 0 ? <p>{t("codes", { codes: codes.join(", ") })}</p> : null}
      <States diff={diff} />
      <Kpis diff={diff} />
      <Counts diff={diff} />
      <p className="second">
        {diff.start === null || diff.end === null
          ? t("nothingRead")
          : t("span", {
              inputs: diff.inputs,
              start: format.dayTime(diff.start),
              end: format.dayTime(diff.end),
            })}
        {diff.complete ? "" : ` ${t("incomplete")}`}
        {diff.inputs_skipped > 0 ? ` ${t("skipped", { count: diff.inputs_skipped })}` : ""}
      </p>
    </div>
  );
}

function States({ diff }: { diff: MappingDiff }) {
  const t = useTranslations("mappings.impact");
  const states = useTranslations("states");
  const format = useFormats();
  if (diff.states.length === 0) return null;
  return (
    <ScrollBox label={t("states")}>
      <table aria-label={t("states")}>
        <thead>
          <tr>
            <th scope="col">{t("machine")}</th>
            <th scope="col">{t("state")}</th>
            <th scope="col" className="number">
              {t("before")}
            </th>
            <th scope="col" className="number">
              {t("after")}
            </th>
          </tr>
        </thead>
        <tbody>
          {diff.states.slice(0, ROWS_SHOWN).map((one) => (
            <tr key={`${one.equipment} ${one.state}`}>
              <td>{nameOf(one.equipment)}</td>
              <td>{states(machineState(one.state))}</td>
              <td className="number">{format.duration(one.before_s)}</td>
              <td className="number">{format.duration(one.after_s)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {diff.states.length > ROWS_SHOWN ? (
        <p className="second">{t("moreStates", { count: diff.states.length - ROWS_SHOWN })}</p>
      ) : null}
    </ScrollBox>
  );
}

function Kpis({ diff }: { diff: MappingDiff }) {
  const t = useTranslations("mappings.impact");
  const format = useFormats();
  const changes = kpiChanges(diff);
  if (!diff.kpis_complete) return <p className="second">{t("kpisIncomplete")}</p>;
  if (changes.length === 0) return <p className="second">{t("noKpi")}</p>;
  return (
    <ScrollBox label={t("kpis")}>
      <table aria-label={t("kpis")}>
        <thead>
          <tr>
            <th scope="col">{t("machine")}</th>
            <th scope="col">{t("kpi")}</th>
            <th scope="col" className="number">
              {t("before")}
            </th>
            <th scope="col" className="number">
              {t("after")}
            </th>
          </tr>
        </thead>
        <tbody>
          {changes.slice(0, ROWS_SHOWN).map((one) => (
            <tr key={`${one.equipment} ${one.kpi}`}>
              <td>{nameOf(one.equipment)}</td>
              <td>{one.kpi.replaceAll("_", " ")}</td>
              <td className="number" title={one.reason_before ?? undefined}>
                {format.number(one.before, 3)}
              </td>
              <td className="number" title={one.reason_after ?? undefined}>
                {format.number(one.after, 3)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {changes.length > ROWS_SHOWN ? (
        <p className="second">{t("moreKpis", { count: changes.length - ROWS_SHOWN })}</p>
      ) : null}
    </ScrollBox>
  );
}

function Counts({ diff }: { diff: MappingDiff }) {
  const t = useTranslations("mappings.impact");
  const values = diff.points.reduce((sum, point) => sum + point.changed, 0);
  const events = diff.events.reduce((sum, event) => sum + event.changed, 0);
  if (values === 0 && events === 0) return null;
  return <p>{t("counts", { values, signals: diff.points.length, events })}</p>;
}
