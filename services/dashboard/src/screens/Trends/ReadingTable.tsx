/** What the signals are at the cursor, and their minimum, mean and maximum of the period. */
import { ActionIcon } from "@mantine/core";
import "@mantine/core/styles/ActionIcon.css";
import { useTranslations } from "use-intl";
import { isWindow, type LatestSignal, type SignalSamples } from "../../api/samples";
import { NO_VALUE, nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { type Reading, readingAt } from "./columns";
import { digitsOf } from "./digits";
import styles from "./ReadingTable.module.css";
import type { TrendCurve } from "./useCurves";

interface Props {
  signals: readonly LatestSignal[];
  ids: readonly number[];
  curves: readonly TrendCurve[];
  summary: readonly SignalSamples[];
  atMs: number | undefined;
  zone: string;
  onRemove: (id: number) => void;
}

export function ReadingTable({ signals, ids, curves, summary, atMs, zone, onRemove }: Props) {
  const t = useTranslations("trends");
  const format = useFormats(zone);
  return (
    <ScrollBox label={t("values")}>
      <table aria-label={t("values")}>
        <thead>
          <tr>
            <th scope="col">{t("signal")}</th>
            <th scope="col">{t("equipment")}</th>
            <th scope="col" className="number">
              {atMs === undefined ? t("newest") : `${format.dayTime(atMs)} ${format.zone(atMs)}`}
            </th>
            {(["min", "avg", "max"] as const).map((name) => (
              <th key={name} scope="col" className="number">
                {t(name)}
              </th>
            ))}
            <th scope="col">{t("unit")}</th>
            <th scope="col" className="number">
              {t("samples")}
            </th>
            <th scope="col" className={styles.control}>
              <span className="visually-hidden">{t("removeHead")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {signals.map((signal) => {
            const curve = curves.find(({ id }) => id === signal.id);
            const whole = summary.find(({ id }) => id === signal.id)?.items.find(isWindow);
            const number = ids.indexOf(signal.id) + 1;
            const newest: Reading = {
              value: signal.value,
              text: signal.text,
              quality: signal.quality ?? "",
            };
            const reading =
              atMs === undefined
                ? newest
                : readingAt(curve?.samples.items ?? [], atMs, curve?.pauses);
            return (
              <tr key={signal.id}>
                <th scope="row" className={styles.name}>
                  <span className={`${styles.mark} ${styles[`line${number}`] ?? ""}`}>
                    {number}
                  </span>
                  {signal.name}
                </th>
                <td title={signal.equipment ?? undefined}>
                  {nameOf(signal.equipment ?? NO_VALUE)}
                </td>
                <td className="number">
                  <ReadingText reading={reading} />
                </td>
                {(["min", "avg", "max"] as const).map((name) => (
                  <td key={name} className="number">
                    {format.number(whole?.[name], digitsOf(whole?.max))}
                  </td>
                ))}
                <td>{signal.unit ?? ""}</td>
                <td className="number">
                  {format.number(whole?.count ?? (summary.length === 0 ? undefined : 0))}
                  {(whole?.bad_count ?? 0) > 0
                    ? ` + ${t("bad", { count: whole?.bad_count ?? 0 })}`
                    : ""}
                </td>
                <td className={styles.control}>
                  <ActionIcon
                    variant="subtle"
                    aria-label={t("remove", { name: signal.key })}
                    onClick={() => onRemove(signal.id)}
                  >
                    ×
                  </ActionIcon>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function ReadingText({ reading }: { reading: Reading | undefined }) {
  const t = useTranslations("trends");
  const format = useFormats();
  if (reading === undefined) return <span className="second">{NO_VALUE}</span>;
  const { value, text, min, max, quality } = reading;
  const number = (one: number) => format.number(one, digitsOf(one));
  return (
    <>
      {text !== null ? `${text} ` : ""}
      {value === null ? (text === null ? NO_VALUE : "") : number(value)}
      {min !== undefined && max !== undefined && min !== max ? (
        <span className="second"> ({`${number(min)} … ${number(max)}`})</span>
      ) : null}
      {quality === "bad" || quality === "uncertain"
        ? ` · ${t(quality === "bad" ? "badOne" : "uncertain")}`
        : ""}
    </>
  );
}
