/** Why there is no picture: no sample in the period, or none that is a number. */
import { useTranslations } from "use-intl";
import type { LatestSignal, SignalSamples } from "../../api/samples";
import { Empty } from "../../shared/Empty";
import { useFormats } from "../../shared/useFormats";

interface Props {
  signals: readonly LatestSignal[];
  items: readonly SignalSamples[];
  zone: string;
}

export function NoSamples({ signals, items, zone }: Props) {
  const t = useTranslations("trends");
  const format = useFormats(zone);
  const newest = signals
    .flatMap(({ at }) => at ?? [])
    .toSorted()
    .at(-1);
  if (items.some((item) => !item.no_data)) return <Empty reason={t("noNumbers")} />;
  if (newest === undefined) return <Empty reason={t("neverSampled")} />;
  const last = `${format.dayTime(newest)} ${format.zone(newest)}`;
  return <Empty reason={t("noSamples", { last })} />;
}
