/** A week of shifts as a picture: a row a day, breaks cut out; the same as a table for readers. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { shifts } from "../../api/shifts";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { instantsOf, isoOf, localOf } from "../../shared/plantTime";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./WeekTile.module.css";
import { type Bar, type DayRow, mondayOf, moved, plannedHours, weekOf } from "./week";

const HOURS = [0, 6, 12, 18, 24] as const;

export function WeekTile({ path, zone }: { path: string; zone: string }) {
  const t = useTranslations("settings.week");
  const common = useTranslations("common");
  const [today] = useState(() => localOf(Date.now(), zone).slice(0, 10));
  const [monday, setMonday] = useState(() => mondayOf(today));
  const format = useFormats(zone);
  const edge = (day: string) => isoOf(instantsOf(`${day}T00:00`, zone)[0] ?? 0, zone);
  const query = useQuery(shifts(path, edge(monday), edge(moved(monday, 7))));
  return (
    <Tile
      title={t("title")}
      extra={
        <>
          <Button variant="subtle" onClick={() => setMonday(moved(monday, -7))}>
            {common("earlier")}
          </Button>
          <Button variant="subtle" onClick={() => setMonday(mondayOf(today))}>
            {t("thisWeek")}
          </Button>
          <Button variant="subtle" onClick={() => setMonday(moved(monday, 7))}>
            {common("later")}
          </Button>
        </>
      }
    >
      <Answered query={query}>
        {({ items }) => {
          const rows = weekOf(items, monday, zone);
          return (
            <>
              <p className="second">
                {t("of", {
                  first: format.day(edge(monday), true),
                  last: format.day(edge(moved(monday, 6)), true),
                  zone: format.zone(edge(monday)),
                })}{" "}
                · {t("planned", { hours: format.number(plannedHours(rows), 1) })}
              </p>
              {items.length === 0 ? <Empty reason={t("none")} /> : null}
              <div className={styles.week}>
                {rows.map((row) => (
                  <Row key={row.day} row={row} zone={zone} isToday={row.day === today} />
                ))}
                <div className={styles.axis} aria-hidden="true">
                  {HOURS.map((hour) => (
                    <span key={hour}>{String(hour).padStart(2, "0")}</span>
                  ))}
                </div>
              </div>
            </>
          );
        }}
      </Answered>
    </Tile>
  );
}

function Row({ row, zone, isToday }: { row: DayRow; zone: string; isToday: boolean }) {
  const t = useTranslations("settings.week");
  const format = useFormats(zone);
  const [noon = 0] = instantsOf(`${row.day}T12:00`, zone);
  const words = (bar: Bar) => `${bar.name} ${format.time(bar.start)}–${format.time(bar.end)}`;
  const list = row.shifts.map(words).join(", ");
  return (
    <div className={styles.row}>
      <span className={isToday ? styles.today : styles.day}>
        {t(`days.${DAYS[(new Date(`${row.day}T00:00Z`).getUTCDay() + 6) % 7] ?? "mon"}`)}{" "}
        {format.day(noon)}
        {row.hours === 24 ? null : (
          <span className="second"> {t("hours", { hours: row.hours })}</span>
        )}
      </span>
      <svg
        className={styles.bars}
        viewBox="0 0 1 1"
        preserveAspectRatio="none"
        role="img"
        aria-label={list === "" ? t("noShift") : list}
      >
        <rect className={styles.track} width={1} height={1} />
        {row.shifts.map((bar) => (
          <rect
            key={`${bar.name} ${bar.start}`}
            className={styles.shift}
            x={bar.from}
            width={bar.length}
            height={1}
          />
        ))}
        {row.breaks.map((bar) => (
          <rect
            key={bar.start}
            className={styles.pause}
            x={bar.from}
            width={bar.length}
            height={1}
          />
        ))}
      </svg>
      <span className={styles.words}>{list === "" ? t("noShift") : list}</span>
    </div>
  );
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
