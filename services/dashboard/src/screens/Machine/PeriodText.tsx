/** The period that a screen shows, with its zone once: a shift by its name, else both ends. */
import { useTranslations } from "use-intl";
import type { States } from "../../api/equipment";
import { useFormats } from "../../shared/useFormats";

export function PeriodText({ answer, zone }: { answer: States; zone: string }) {
  const t = useTranslations("machine");
  const format = useFormats(zone);
  const { shift, start, end } = answer;
  return (
    <span className="second">
      {shift === null
        ? t("span", {
            start: format.dayTime(start),
            end: format.dayTime(end),
            zone: format.zone(start),
          })
        : t("shift", {
            name: shift.name ?? "",
            start: format.dayTime(start),
            end: format.time(end),
            zone: format.zone(start),
          })}
    </span>
  );
}
