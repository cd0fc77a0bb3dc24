/** Splits a stop at a time of day inside it: at first where the timeline was clicked. */
import { Button } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { Stop } from "../../../api/stops";
import { TextField } from "../../../shared/form/Field";
import styles from "./StopPanel.module.css";
import { clockAt, instantInside, splitInstant } from "./selection";

interface Props {
  stop: Stop;
  cursorMs: number | undefined;
  zone: string;
  onSplit: (at: string) => void;
}

export function SplitForm({ stop, cursorMs, zone, onSplit }: Props) {
  const t = useTranslations("machine.entry");
  const clockOf = (atMs: number) => clockAt(atMs, zone);
  const endMs = Date.parse(stop.start) + stop.duration_s * 1000;
  const [clock, setClock] = useState(() => clockOf(splitInstant(stop, cursorMs, endMs)));
  const [isOutside, setOutside] = useState(false);

  function submit(event: FormEvent) {
    event.preventDefault();
    const atMs = instantInside(stop, clock, endMs, clockOf);
    setOutside(atMs === undefined);
    if (atMs !== undefined) onSplit(new Date(atMs).toISOString());
  }

  return (
    <form className={styles.line} onSubmit={submit} noValidate>
      <TextField
        label={t("splitAt")}
        value={clock}
        onChange={setClock}
        error={isOutside ? t("outside") : undefined}
      />
      <Button type="submit" variant="default">
        {t("split")}
      </Button>
    </form>
  );
}
