/** "Are we on the path, and which plant needs help?" */
import { useMediaQuery } from "@mantine/hooks";
import { useQueries, useSuspenseQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { overview } from "../../api/overview";
import { plants, rootsOf } from "../../api/plants";
import { me } from "../../api/session";
import { Empty } from "../../shared/Empty";
import { useIsKiosk } from "../../shared/kiosk";
import { Loading } from "../../shared/Loading";
import { Refused } from "../../shared/Refused";
import { byNeed } from "../../shared/ranking";
import { CostliestLosses } from "./CostliestLosses";
import styles from "./GroupScreen.module.css";
import { PlantCard } from "./PlantCard";
import { TargetStrip } from "./TargetStrip";
import { UpcomingStops } from "./UpcomingStops";

const PHONE = "(max-width: 640px)";

export function GroupScreen() {
  const t = useTranslations("group");
  const isKiosk = useIsKiosk();
  const who = useSuspenseQuery(me);
  const all = useSuspenseQuery(plants);
  const roots = rootsOf(all.data.items, who.data.plants);
  const answers = useQueries({ queries: roots.map((root) => overview(root, "plant")) });
  const shown = answers.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const isRefused = answers.some(({ error }) => error !== null);
  const cards = shown.flatMap(({ items, under }) => (items.length === 0 ? [under] : items));
  // On a phone six cards are several screens: what will stop is above them, for readers, too.
  const isPhone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  const upcoming = roots.map((root) => (
    <UpcomingStops key={root} under={root} plants={all.data.items} />
  ));
  return (
    <>
      <h1>{roots.length === 1 ? (shown[0]?.under.name ?? t("title")) : t("title")}</h1>
      <Refused queries={answers} />
      {roots.length === 0 ? (
        <Empty
          reason={`${t("noPlants")} ${t("noPlantsHint")}`}
          action={<a href="/docs">{t("docs")}</a>}
        />
      ) : null}
      {roots.length > 0 && shown.length === 0 && !isRefused ? <Loading /> : null}
      {shown.flatMap(({ under }) =>
        under.targets.map((target) => (
          <TargetStrip key={`${under.equipment} ${target.key}`} target={target} />
        )),
      )}
      {isPhone && !isKiosk ? upcoming : null}
      <ul className={styles.cards} aria-label={t("plants")}>
        {cards.toSorted(byNeed).map((item) => (
          <li key={item.equipment}>
            <PlantCard item={item} />
          </li>
        ))}
      </ul>
      {isKiosk ? null : (
        <div className={styles.lists}>
          {isPhone ? null : upcoming}
          {roots.map((root) => (
            <CostliestLosses key={root} under={root} plants={all.data.items} />
          ))}
        </div>
      )}
    </>
  );
}
