/** The switches of the page: search, colours, language, keyboard, signing out. */
import { Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { me, signOut } from "../api/session";
import { useLanguage } from "../i18n/LanguageProvider";
import { useShortcut } from "../shared/keyboard";
import styles from "./Frame.module.css";
import { useTypeAhead } from "./typeAhead";

// Dialogs load when they are opened: the first load stays small.
const Search = lazy(async () => ({ default: (await import("./Search")).Search }));
const Keys = lazy(async () => ({ default: (await import("./Keys")).Keys }));

export function Switches() {
  const t = useTranslations("common");
  const client = useQueryClient();
  const who = useSuspenseQuery(me);
  const { language, change } = useLanguage();
  const [shown, setShown] = useState<"search" | "keys">();
  // Else a style element switches transitions off for the change, which the policy blocks.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  const leave = () => signOut().finally(() => client.resetQueries());
  const close = () => setShown(undefined);
  const takeTyped = useTypeAhead(shown === "search");
  useShortcut("/", () => setShown("search"), { label: t("search.title") });
  useShortcut("?", () => setShown("keys"), { label: t("keyboard") });
  return (
    <div className={styles.switches}>
      <Button
        variant="default"
        aria-haspopup="dialog"
        aria-keyshortcuts="/"
        onClick={() => setShown("search")}
      >
        {t("search.title")}
      </Button>
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
      <Button
        variant="subtle"
        className={styles.wide ?? ""}
        aria-haspopup="dialog"
        aria-keyshortcuts="?"
        onClick={() => setShown("keys")}
      >
        {t("keyboard")}
      </Button>
      <Button variant="subtle" title={t("signedInAs", { name: who.data.name })} onClick={leave}>
        {t("signOut")}
      </Button>
      <Suspense>
        {shown === "search" ? <Search takeTyped={takeTyped} onClose={close} /> : null}
        {shown === "keys" ? <Keys onClose={close} /> : null}
      </Suspense>
    </div>
  );
}
