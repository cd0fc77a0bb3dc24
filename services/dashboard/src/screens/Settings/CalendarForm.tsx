/** A calendar: shifts, exceptions, holidays, from when on; with a preview of what it moves. */
import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { CALENDAR_KEYS, type NewCalendar, previewCalendar, setCalendar } from "../../api/calendars";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { NumberField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { isoOf } from "../../shared/plantTime";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { usePreview } from "../../shared/usePreview";
import { CalendarPreview } from "./CalendarPreview";
import { type CalendarDraft, documentOf, draftOf } from "./calendarDraft";
import { ExceptionFields } from "./ExceptionFields";
import { ShiftFields } from "./ShiftFields";

interface Props {
  path: string;
  zone: string;
  document: Readonly<Record<string, unknown>> | undefined;
  /** The first calendar of an equipment holds ever since, unless it says from when. */
  isFirst: boolean;
  onClose: () => void;
}
const QUARTER_MS = 900_000;

export function CalendarForm({ path, zone, document, isFirst, onClose }: Props) {
  const t = useTranslations("settings.calendars");
  const [draft, setDraft] = useState(() => draftOf(document, zone));
  const [validFrom, setValidFrom] = useState(() =>
    isFirst ? "" : isoOf(Math.ceil(Date.now() / QUARTER_MS) * QUARTER_MS, zone),
  );
  const [reason, setReason] = useState("");
  const set =
    <K extends keyof CalendarDraft>(name: K) =>
    (value: CalendarDraft[K]) =>
      setDraft((before) => ({ ...before, [name]: value }));
  const body = (): NewCalendar => ({
    valid_from: validFrom === "" ? null : validFrom,
    document: documentOf(draft),
    reason: reason === "" ? null : reason,
  });
  const looked = useMemo(() => ({ draft, validFrom }), [draft, validFrom]);
  const { look, preview, problem } = usePreview(looked, () => previewCalendar(path, body()));
  const saving = useAction(() => setCalendar(path, body()), {
    invalidates: CALENDAR_KEYS,
    done: t("saved"),
  });
  const save = async () => {
    if ((await saving.run(undefined)) !== undefined) onClose();
  };
  return (
    <Tile title={t("formTitle", { path })}>
      <Form
        onSave={save}
        problem={saving.problem ?? problem}
        onCancel={onClose}
        labels={{ valid_from: t("validFrom") }}
        extra={
          <Button variant="default" onClick={() => void look()}>
            {t("preview")}
          </Button>
        }
      >
        {(errorOf) => (
          <>
            <DateTimeField
              label={t("validFrom")}
              hint={isFirst ? t("firstHint") : t("validFromHint")}
              value={validFrom}
              onChange={setValidFrom}
              zone={zone}
              error={errorOf("valid_from")}
            />
            <NumberField
              label={t("cycleDays")}
              hint={t("cycleHint")}
              value={draft.cycleDays}
              onChange={(days) => set("cycleDays")(days ?? 0)}
            />
            <TextField
              type="date"
              label={t("anchor")}
              value={draft.anchor}
              onChange={set("anchor")}
            />
            <ShiftFields
              shifts={draft.shifts}
              cycleDays={draft.cycleDays}
              onChange={set("shifts")}
            />
            <ExceptionFields
              exceptions={draft.exceptions}
              others={draft.others}
              onChange={set("exceptions")}
            />
            <TextField
              label={t("country")}
              hint={t("countryHint")}
              value={draft.country}
              onChange={set("country")}
            />
            <TextField
              label={t("subdivision")}
              hint={t("subdivisionHint")}
              value={draft.subdivision}
              onChange={set("subdivision")}
            />
            <TextField
              label={t("reason")}
              hint={t("reasonHint")}
              value={reason}
              onChange={setReason}
            />
          </>
        )}
      </Form>
      {preview === undefined ? null : <CalendarPreview change={preview} zone={zone} />}
    </Tile>
  );
}
