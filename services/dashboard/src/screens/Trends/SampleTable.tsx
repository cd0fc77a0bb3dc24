/** The samples of the picture as rows: each sample, or each window with its mean and extremes. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { isWindow } from "../../api/samples";
import { NO_VALUE } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { useFormats } from "../../shared/useFormats";
import { digitsOf } from "./digits";
import type { TrendCurve } from "./useCurves";

const ROWS_MAX = 500; // more is no table to read: the CSV has all

export function SampleTable({ curves, zone }: { curves: readonly TrendCurve[]; zone: string }) {
  const t = useTranslations("trends");
  const format = useFormats(zone);
  const rows = useMemo(() => rowsOf(curves), [curves]);
  const number = (value: number | null | undefined) => format.number(value, digitsOf(value));
  return (
    <ScrollBox label={t("overTime")}>
      <table aria-label={t("overTime")}>
        <thead>
          <tr>
            <th scope="col">{t("time")}</th>
            <th scope="col">{t("signal")}</th>
            {(["value", "min", "max"] as const).map((name) => (
              <th key={name} scope="col" className="number">
                {t(name)}
              </th>
            ))}
            <th scope="col">{t("quality")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map(({ key, at, number: line, name, item }) => (
            <tr key={key}>
              <td>{`${format.day(at)} ${format.time(at, true)}`}</td>
              <td>{`${line} ${name}`}</td>
              <td className="number">
                {isWindow(item) ? number(item.avg) : (item.text ?? number(item.value))}
              </td>
              <td className="number">{isWindow(item) ? number(item.min) : NO_VALUE}</td>
              <td className="number">{isWindow(item) ? number(item.max) : NO_VALUE}</td>
              <td>
                {isWindow(item)
                  ? item.bad_count > 0
                    ? t("bad", { count: item.bad_count })
                    : ""
                  : item.quality}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MAX ? <p className="second">{t("cut", { rows: ROWS_MAX })}</p> : null}
    </ScrollBox>
  );
}

function rowsOf(curves: readonly TrendCurve[]) {
  return curves
    .flatMap(({ number, signal, samples }) =>
      samples.items.map((item) => {
        const at = isWindow(item) ? item.start : item.at;
        return { key: "", at, number, name: signal.name, item };
      }),
    )
    .toSorted((left, right) => Date.parse(right.at) - Date.parse(left.at))
    .map((row, n) => ({ ...row, key: String(n) }));
}
