/** Plants and shifts: the week as it is planned, the calendars that say so, name and clock. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { plants } from "../../api/plants";
import { Empty } from "../../shared/Empty";
import { useMayI } from "../../shared/useMayI";
import { CalendarsTile } from "./CalendarsTile";
import { HabitsTile } from "./HabitsTile";
import styles from "./parts.module.css";
import type { SectionProps } from "./sections";
import { WeekTile } from "./WeekTile";

export function PlantsSection({ rest }: SectionProps) {
  const t = useTranslations("settings.plantList");
  const mayChange = useMayI("equipment:write");
  const { data } = useSuspenseQuery(plants);
  // A path below a plant shows the calendars of that equipment.
  const plant =
    rest === ""
      ? data.items[0]
      : data.items.find((one) => rest === one.path || rest.startsWith(`${one.path}/`));
  if (plant === undefined) {
    return <Empty reason={rest === "" ? t("none") : t("unknown", { path: rest })} />;
  }
  const path = rest === "" ? plant.path : rest;
  const zone = plant.time_zone ?? "UTC";
  return (
    <>
      <nav className={styles.buttons} aria-label={t("plant")}>
        {data.items.map((one) => (
          <Link
            key={one.path}
            className={styles.link}
            to="/settings/$"
            params={{ _splat: `plants/${one.path}` }}
            activeOptions={{ exact: true }}
            aria-current={one === plant ? "page" : undefined}
          >
            {one.name}
          </Link>
        ))}
      </nav>
      <WeekTile key={`week ${path}`} path={path} zone={zone} />
      <CalendarsTile key={path} path={path} zone={zone} />
      {mayChange ? <HabitsTile key={`habits ${plant.path}`} plant={plant} /> : null}
    </>
  );
}
