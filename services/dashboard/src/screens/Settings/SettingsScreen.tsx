/** "Who may do what, and how is it set up?" */
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { useTranslations } from "use-intl";
import { may, me } from "../../api/session";
import styles from "./SettingsScreen.module.css";
import { SECTIONS } from "./sections";

export function SettingsScreen() {
  const t = useTranslations("settings");
  const common = useTranslations("common");
  const who = useSuspenseQuery(me);
  const { _splat: splat = "" } = useParams({ from: "/settings/$" });
  const [name = "", ...rest] = splat.split("/");
  const offered = SECTIONS.filter(
    ({ permission }) => permission === undefined || may(who.data, permission),
  );
  const section = name === "" ? offered[0] : SECTIONS.find((one) => one.name === name);
  return (
    <>
      <h1>{t("title")}</h1>
      <div className={styles.screen}>
        <nav className={styles.sections} aria-label={t("title")}>
          {offered.map((one) => (
            <Link
              key={one.name}
              className={styles.section}
              to="/settings/$"
              params={{ _splat: one.name }}
              aria-current={one === section ? "page" : undefined}
            >
              {t(`sections.${one.name}`)}
            </Link>
          ))}
        </nav>
        <div className={styles.content}>
          <Suspense>
            {section === undefined ? (
              <p>{common("error.unknownPage")}</p>
            ) : (
              <section.component rest={rest.join("/")} />
            )}
          </Suspense>
        </div>
      </div>
    </>
  );
}
