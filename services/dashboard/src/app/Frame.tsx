/** What surrounds each screen: its name, the ways to others, the switches; on a wall nothing. */
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { useKeyboard, useShortcut } from "../shared/keyboard";
import { useIsKiosk } from "../shared/kiosk";
import { SilenceBand } from "../shared/SilenceBand";
import { Toaster } from "../shared/Toaster";
import styles from "./Frame.module.css";
import { Navigation } from "./Navigation";
import { Switches } from "./Switches";

const Kiosk = lazy(async () => ({ default: (await import("./Kiosk")).Kiosk }));
// After the screen: what it says is asked for when the screen has its numbers.
const HealthBand = lazy(async () => ({
  default: (await import("../shared/HealthBand")).HealthBand,
}));

export function Frame() {
  const isKiosk = useIsKiosk();
  useKeyboard();
  useKioskKey(isKiosk);
  return (
    <>
      {isKiosk ? (
        <Suspense>
          <Kiosk />
        </Suspense>
      ) : (
        <Bar />
      )}
      <SilenceBand isStrict={isKiosk} />
      <Suspense>
        <HealthBand />
      </Suspense>
      <main
        id="content"
        className={isKiosk ? `${styles.content} ${styles.kiosk}` : styles.content}
        tabIndex={-1}
      >
        <Outlet />
      </main>
      <Toaster />
    </>
  );
}

function Bar() {
  const t = useTranslations("common");
  return (
    <>
      <a className={styles.skip} href="#content">
        {t("skip")}
      </a>
      <header className={styles.bar}>
        <Link className={styles.brand} to="/">
          Werknetz
        </Link>
        <Navigation />
        <Switches />
      </header>
    </>
  );
}

/** `f` shows the screen as on a wall, and back. */
function useKioskKey(isKiosk: boolean): void {
  const navigate = useNavigate();
  useShortcut("f", () => {
    void navigate({
      to: ".",
      search: (before) => ({ ...before, kiosk: isKiosk ? undefined : "1", rotate: undefined }),
    });
    if (isKiosk) void document.exitFullscreen?.().catch(() => undefined);
    else void document.documentElement.requestFullscreen?.().catch(() => undefined);
  });
}
