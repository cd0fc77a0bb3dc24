/** "Did we get one third more productive, and by what?" */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { targets } from "../../api/targets";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { useMayI } from "../../shared/useMayI";
import { TargetPage } from "./TargetPage";
import styles from "./TargetsScreen.module.css";

const TargetForm = lazy(async () => ({ default: (await import("./TargetForm")).TargetForm }));

export function TargetsScreen() {
  const t = useTranslations("targets");
  const search = useSearch({ from: "/targets" });
  const maySet = useMayI("targets:write");
  const query = useQuery(targets);
  if (search.edit !== undefined) {
    return (
      <Suspense>
        <TargetForm of={search.edit === "new" ? undefined : search.edit} />
      </Suspense>
    );
  }
  const makeOne = maySet ? (
    <Link className={styles.choice} to="/targets" search={{ edit: "new" }}>
      {t("new")}
    </Link>
  ) : null;
  return (
    <Answered query={query}>
      {({ items }) => {
        // A key that is not listed is asked for all the same: the API says that there is none.
        const chosen = search.target ?? items[0]?.key;
        if (chosen === undefined) {
          return (
            <>
              <h1>{t("title")}</h1>
              <Empty
                reason={
                  <>
                    {t("none")} {t("noneHint")}
                  </>
                }
                action={makeOne}
              />
            </>
          );
        }
        return (
          <>
            <div className={styles.bar}>
              <nav className={styles.choices} aria-label={t("choose")}>
                {items.map((one) => (
                  <Link
                    key={one.key}
                    className={styles.choice}
                    to="/targets"
                    search={{ target: one.key }}
                    activeOptions={{ exact: true }}
                    aria-current={one.key === chosen ? "page" : undefined}
                  >
                    {one.name}
                  </Link>
                ))}
              </nav>
              {makeOne}
            </div>
            <TargetPage key={chosen} of={chosen} search={search} />
          </>
        );
      }}
    </Answered>
  );
}
