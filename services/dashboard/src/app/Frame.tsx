/** What surrounds each screen: its name, the way to others, language, colours, signing out. */
import { Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { me, signOut } from "../api/session";
import { useLanguage } from "../i18n/LanguageProvider";
import { SilenceBand } from "../shared/SilenceBand";
import { Toaster } from "../shared/Toaster";
import styles from "./Frame.module.css";

export function Frame() {
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
        <nav className={styles.screens} aria-label={t("navigation")}>
          <Link className={styles.screen} to="/" activeOptions={{ exact: true }}>
            {t("screens.group")}
          </Link>
          <Link className={styles.screen} to="/losses">
            {t("screens.losses")}
          </Link>
        </nav>
        <Switches />
      </header>
      <SilenceBand />
      <main id="content" className={styles.content} tabIndex={-1}>
        <Outlet />
      </main>
      <Toaster />
    </>
  );
}

function Switches() {
  const t = useTranslations("common");
  const client = useQueryClient();
  const who = useSuspenseQuery(me);
  const { language, change } = useLanguage();
  // Else a style element switches transitions off for the change, which the policy blocks.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  const leave = () => signOut().finally(() => client.resetQueries());
  return (
    <div className={styles.switches}>
      <Button
        variant="subtle"
        aria-label={t("theme", { theme: other })}
        onClick={() => setColorScheme(other)}
      >
        {t(other)}
      </Button>
      <Button
        variant="subtle"
        lang={language === "de" ? "en" : "de"}
        onClick={() => change(language === "de" ? "en" : "de")}
      >
        {t("language")}
      </Button>
      <Button variant="subtle" title={t("signedInAs", { name: who.data.name })} onClick={leave}>
        {t("signOut")}
      </Button>
    </div>
  );
}
