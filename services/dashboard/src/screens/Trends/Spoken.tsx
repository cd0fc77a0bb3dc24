/** What the signals are where the keys have moved the cursor: read out, for the chart is an image. */
import { useTranslations } from "use-intl";
import { NO_VALUE } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { readingAt } from "./columns";
import { digitsOf } from "./digits";
import type { TrendCurve } from "./useCurves";

interface Props {
  curves: readonly TrendCurve[];
  /** Undefined: there is no cursor, or the mouse moves it. */
  atMs: number | undefined;
  zone: string;
}

export function Spoken({ curves, atMs, zone }: Props) {
  const t = useTranslations("trends");
  const format = useFormats(zone);
  const words = (at: number) =>
    curves.map(({ signal, samples, pauses }) => {
      const reading = readingAt(samples.items, at, pauses);
      const number = format.number(reading?.value, digitsOf(reading?.value));
      const value = reading === undefined ? NO_VALUE : (reading.text ?? number);
      return [
        `${signal.name} ${value}`,
        ...(signal.unit === null || reading === undefined ? [] : [signal.unit]),
        ...(reading?.quality === "bad" ? [t("badOne")] : []),
      ].join(" ");
    });
  return (
    <p className="visually-hidden" role="status">
      {atMs === undefined
        ? ""
        : [`${format.day(atMs)} ${format.time(atMs, true)}`, ...words(atMs)].join(", ")}
    </p>
  );
}
