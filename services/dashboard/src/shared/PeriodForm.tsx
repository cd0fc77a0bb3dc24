/** A period from and to any times of the plant. */
import { Button } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "./Dialog";
import { DateTimeField } from "./form/DateTimeField";
import formStyles from "./form/Form.module.css";
import { type Period, periodOf, spanOf } from "./period";
import { isoOf } from "./plantTime";

interface Props {
  zone: string;
  period: Period;
  onShow: (period: Required<Period>) => void;
  onClose: () => void;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export function PeriodForm({ zone, period, onShow, onClose }: Props) {
  const common = useTranslations("common");
  const [{ start, end }, setSpan] = useState(() => initial(period, zone));
  const [isTried, setTried] = useState(false);
  const isReversed = start !== "" && end !== "" && Date.parse(start) >= Date.parse(end);
  const missing = isTried ? common("form.needed") : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (start !== "" && end !== "" && !isReversed) onShow({ start, end });
  }

  return (
    <Dialog title={common("chosenPeriod")} onClose={onClose} size="sm">
      <form className={formStyles.form} onSubmit={submit} noValidate>
        <DateTimeField
          label={common("from")}
          zone={zone}
          value={start}
          onChange={(value) => setSpan({ start: value, end })}
          error={start === "" ? missing : undefined}
        />
        <DateTimeField
          label={common("to")}
          zone={zone}
          value={end}
          onChange={(value) => setSpan({ start, end: value })}
          error={isReversed ? common("form.reversed") : end === "" ? missing : undefined}
        />
        <div className={formStyles.buttons}>
          <Button type="submit">{common("show")}</Button>
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Begin with the period that is shown; of a shift that only the API knows, with the last day. */
function initial(period: Period, zone: string): Required<Period> {
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const span = spanOf(period, nowMs, zone);
  if (span === undefined) return { start: isoOf(nowMs - DAY_MS, zone), end: isoOf(nowMs, zone) };
  return periodOf(span, zone);
}
