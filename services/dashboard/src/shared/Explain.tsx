/** The way from a number to where it comes from: a button, `e` in its tile. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useShortcut } from "./keyboard";
import type { Period } from "./period";

const Explanation = lazy(async () => ({ default: (await import("./Explanation")).Explanation }));

interface Props {
  equipment: string;
  kpi: string;
  period: Period;
  zone: string;
  /** What the number is called, where a screen has several. */
  label?: string | undefined;
}

export function Explain({ equipment, kpi, period, zone, label }: Props) {
  const common = useTranslations("common");
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const part = useRef<Element>(null);
  useEffect(() => {
    part.current = button.current?.closest("section, li, tr") ?? null;
  }, []);
  useShortcut("e", () => setOpen(true), { within: part });
  return (
    <>
      <Button
        ref={button}
        variant="subtle"
        size="compact-sm"
        aria-haspopup="dialog"
        aria-keyshortcuts="e"
        aria-label={label === undefined ? undefined : `${common("explain")}: ${label}`}
        onClick={() => setOpen(true)}
      >
        {common("explain")}
      </Button>
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
