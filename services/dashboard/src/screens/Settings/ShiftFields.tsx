/** The shifts of a calendar: when each starts and ends, on which days, with which breaks. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { TextField } from "../../shared/form/Field";
import styles from "./CalendarFields.module.css";
import { Choices } from "./Choices";
import { newShift, type ShiftDraft } from "./calendarDraft";

interface Props {
  shifts: readonly ShiftDraft[];
  cycleDays: number;
  onChange: (shifts: ShiftDraft[]) => void;
}
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const CYCLE_MAX = 56;

export function ShiftFields({ shifts, cycleDays, onChange }: Props) {
  const t = useTranslations("settings.calendars");
  const week = useTranslations("settings.week");
  const days = Array.from({ length: Math.min(Math.max(cycleDays, 0), CYCLE_MAX) }, (_, day) => ({
    value: String(day),
    label:
      cycleDays === DAYS.length ? week(`days.${DAYS[day] ?? "mon"}`) : t("day", { day: day + 1 }),
  }));
  return (
    <fieldset className={styles.group}>
      <legend>{t("shifts")}</legend>
      {shifts.map((shift) => {
        const set = (change: Partial<ShiftDraft>) =>
          onChange(shifts.map((one) => (one === shift ? { ...one, ...change } : one)));
        return (
          <fieldset key={shift.id} className={styles.item}>
            <legend>{shift.name === "" ? t("shift") : shift.name}</legend>
            <div className={styles.fields}>
              <TextField
                label={t("shiftName")}
                value={shift.name}
                onChange={(name) => set({ name })}
              />
              <TextField
                type="time"
                label={t("start")}
                value={shift.start}
                onChange={(start) => set({ start })}
              />
              <TextField
                type="time"
                label={t("end")}
                value={shift.end}
                onChange={(end) => set({ end })}
              />
              <TextField
                label={t("breaks")}
                hint={t("breaksHint")}
                value={shift.breaks}
                onChange={(breaks) => set({ breaks })}
              />
              <TextField label={t("team")} value={shift.team} onChange={(team) => set({ team })} />
            </div>
            <div className={styles.days}>
              <Choices
                legend={t("days")}
                options={days}
                chosen={shift.days.map(String)}
                onChange={(chosen) => set({ days: chosen.map(Number) })}
              />
            </div>
            <Button
              variant="subtle"
              aria-label={`${t("remove")}: ${shift.name}`}
              onClick={() => onChange(shifts.filter((one) => one !== shift))}
            >
              {t("remove")}
            </Button>
          </fieldset>
        );
      })}
      <div>
        <Button variant="default" onClick={() => onChange([...shifts, newShift()])}>
          {t("addShift")}
        </Button>
      </div>
    </fieldset>
  );
}
