/** The way from a number to where it comes from: a button or the number itself, and `e`. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./Explain.module.css";
import { useShortcut } from "./keyboard";
import { useIsKiosk } from "./kiosk";
import type { Period } from "./period";

const Explanation = lazy(async () => ({ default: (await import("./Explanation")).Explanation }));

interface Props {
  equipment: string;
  kpi: string;
  period: Period;
  zone: string;
  /** What the number is called, where a screen has several. */
  label?: string | undefined;
  /** The number as it is written: then it is the button. Without: a button of its own. */
  value?: string | undefined;
}

export function Explain({ equipment, kpi, period, zone, label, value }: Props) {
  const common = useTranslations("common");
  const isKiosk = useIsKiosk();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const part = useRef<Element>(null);
  useEffect(() => {
    const own = value === undefined ? button.current?.closest("section, li, tr") : button.current;
    part.current = own ?? null;
  }, [value]);
  useShortcut("e", () => setOpen(true), { within: part });
  if (isKiosk) return value; // on a wall nobody opens anything
  const shared = {
    ref: button,
    "aria-haspopup": "dialog",
    "aria-keyshortcuts": "e",
    onClick: () => setOpen(true),
  } as const;
  return (
    <>
      {value === undefined ? (
        <Button
          {...shared}
          variant="subtle"
          size="compact-sm"
          aria-label={label === undefined ? undefined : `${common("explain")}: ${label}`}
        >
          {common("explain")}
        </Button>
      ) : (
        <button
          {...shared}
          type="button"
          className={styles.number}
          aria-label={`${[label, value].filter(Boolean).join(" ")}: ${common("explain")}`}
        >
          {value}
        </button>
      )}
      {isOpen ? (
        <Suspense>
          <Explanation
            equipment={equipment}
            kpi={kpi}
            period={period}
            zone={zone}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      ) : null}
    </>
  );
}
