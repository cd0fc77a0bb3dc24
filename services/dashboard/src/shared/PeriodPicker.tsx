/** Chooses the period of a screen: named ones, earlier, later, now, and any from and to. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { useShortcut } from "./keyboard";
import styles from "./PeriodPicker.module.css";
import type { PeriodChoice } from "./period";
import { useFormats } from "./useFormats";
import { usePeriod, usePeriodSteps } from "./usePeriod";

// Few choose a period by hand: its form loads when they do.
const PeriodForm = lazy(async () => ({ default: (await import("./PeriodForm")).PeriodForm }));

interface Props {
  /** Zone of the plant. */
  zone: string;
  choices: readonly PeriodChoice[];
  /** What the screen shows without a period in its address; without it, the first choice. */
  standard?: PeriodChoice;
  /** The equipment whose shifts "earlier" and "later" walk; without it, the length is walked. */
  equipment?: string | undefined;
}

export function PeriodPicker({ zone, choices, equipment, standard = choices[0] }: Props) {
  const common = useTranslations("common");
  const format = useFormats(zone);
  const period = usePeriod(standard ?? "-24h");
  const { show, step } = usePeriodSteps({ zone, choices, period, equipment });
  const [isOpen, setOpen] = useState(false);
  const { start, end } = period;
  useShortcut("[", () => void step(-1));
  useShortcut("]", () => void step(1));
  useShortcut(".", () => show({}));
  const isFree = !choices.some((choice) => choice === start) || end !== undefined;
  const chosen = end !== undefined && !Number.isNaN(Date.parse(start));
  return (
    <nav className={styles.picker} aria-label={common("period")}>
      <Button
        variant="subtle"
        aria-keyshortcuts="["
        title={common("earlier")}
        aria-label={common("earlier")}
        onClick={() => void step(-1)}
      >
        ‹
      </Button>
      {choices.map((choice) => (
        <Link
          key={choice}
          className={styles.choice}
          to="."
          search={(before) => ({ ...before, start: choice, end: undefined })}
          aria-current={!isFree && choice === start ? "true" : undefined}
        >
          {common(`periods.${choice}`)}
        </Link>
      ))}
      <Button
        variant="subtle"
        className={isFree ? styles.free : undefined}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {isFree && chosen ? format.span(start, end) : common("chosenPeriod")}
      </Button>
      <Button
        variant="subtle"
        aria-keyshortcuts="]"
        title={common("later")}
        aria-label={common("later")}
        onClick={() => void step(1)}
      >
        ›
      </Button>
      <Button variant="subtle" aria-keyshortcuts="." onClick={() => show({})}>
        {common("now")}
      </Button>
      {isOpen ? (
        <Suspense>
          <PeriodForm
            zone={zone}
            period={period}
            onClose={() => setOpen(false)}
            onShow={(next) => {
              setOpen(false);
              show(next);
            }}
          />
        </Suspense>
      ) : null}
    </nav>
  );
}
