/** The parts of a warehouse: what there is, how long it lasts, what comes, what it stops. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { PartSupply } from "../../api/warehouse";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { dayOf, nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { filledShare } from "./parts";
import styles from "./WarehouseScreen.module.css";

interface Props {
  parts: readonly PartSupply[];
  zone: string;
  nowMs: number;
}

export function PartsTable({ parts, zone, nowMs }: Props) {
  const t = useTranslations("warehouse");
  const navigate = useNavigate();
  const search = useSearch({ from: "/warehouse/$" });
  const columns = useColumns(zone, nowMs);
  const notes = (["not_counted", "negative"] as const).filter((note) =>
    parts.some(({ stock_note }) => stock_note === note),
  );
  return (
    <>
      <DataTable
        label={t("parts")}
        columns={columns}
        rows={parts}
        rowKey={(part) => part.material}
        selected={search.part}
        onOpen={({ material }) =>
          void navigate({
            to: ".",
            search: (before) => ({ ...before, part: material }),
            resetScroll: false,
          })
        }
        empty={<Empty reason={t("noParts")} />}
      />
      <div className={styles.notes}>
        {notes.map((note) => (
          <p key={note} className="second">
            {note === "negative"
              ? `${t("negative")}: ${t("negativeHint")}`
              : `${t("notCounted")}: ${t("notCountedHint")}`}
          </p>
        ))}
      </div>
    </>
  );
}

function useColumns(zone: string, nowMs: number): Column<PartSupply>[] {
  const t = useTranslations("warehouse");
  const format = useFormats(zone);
  const isToday = (at: string) => dayOf(at, zone) === dayOf(nowMs, zone);
  const when = (at: string) =>
    isToday(at) ? t("today", { time: format.time(at) }) : format.dayTime(at);
  const zoned = (head: string) => `${head} (${format.zone(nowMs)})`;
  return [
    {
      key: "part",
      head: t("part"),
      cell: ({ material, description }) => (
        <>
          <Link
            className={styles.part}
            to="."
            search={(before) => ({ ...before, part: material })}
            resetScroll={false}
          >
            {material}
          </Link>{" "}
          <span className="second">{description}</span>
        </>
      ),
      sort: ({ material }) => material,
    },
    {
      key: "stock",
      head: t("stock"),
      align: "right",
      cell: (part) => <Stock part={part} />,
      sort: ({ stock }) => stock,
    },
    {
      key: "days",
      head: t("days"),
      cell: (part) => <Days part={part} />,
      sort: ({ days_of_supply, at_least }) => (at_least ? null : days_of_supply),
    },
    {
      key: "runsOut",
      head: zoned(t("runsOut")),
      cell: ({ runs_out_at }) => (
        <span className={styles.nowrap}>{runs_out_at === null ? "–" : when(runs_out_at)}</span>
      ),
      sort: ({ runs_out_at }) => (runs_out_at === null ? null : Date.parse(runs_out_at)),
    },
    {
      key: "arrival",
      head: zoned(t("nextArrival")),
      cell: ({ next_arrival, unit }) =>
        next_arrival === null ? (
          "–"
        ) : (
          <span className={styles.nowrap}>
            {when(next_arrival.at)} · {format.number(next_arrival.quantity)} {unit}
          </span>
        ),
      sort: ({ next_arrival }) => (next_arrival === null ? null : Date.parse(next_arrival.at)),
    },
    {
      key: "lines",
      head: t("lines"),
      cell: ({ lines }) =>
        lines.map(({ equipment, minutes_at_risk }) => (
          <Link
            key={equipment}
            className={styles.nowrap}
            to="/machine/$"
            params={{ _splat: equipment }}
          >
            {t("line", {
              line: nameOf(equipment),
              minutes: format.duration(minutes_at_risk * 60),
            })}
          </Link>
        )),
      sort: ({ minutes_at_risk }) => minutes_at_risk,
    },
  ];
}

function Stock({ part }: { part: PartSupply }) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  if (part.stock === null) return <span className="second">{t("notCounted")}</span>;
  const amount = `${format.number(part.stock)} ${part.unit ?? ""}`;
  if (part.stock_note !== "negative") return amount;
  return `${amount} (${t("negative")})`;
}

function Days({ part }: { part: PartSupply }) {
  const t = useTranslations("warehouse");
  const format = useFormats();
  const days = part.days_of_supply;
  if (days === null) {
    if (part.stock === null) return "–";
    return <span className="second">{t("noDemand")}</span>;
  }
  const text = t(part.at_least ? "atLeast" : "daysOfSupply", {
    days: format.number(days, part.at_least ? 0 : 1),
  });
  return (
    <>
      <span className={styles.nowrap}>{text}</span>
      <svg className={styles.days} viewBox="0 0 96 6" aria-hidden="true">
        <rect className={styles.track} width={96} height={6} />
        <rect className={styles.filled} width={96 * filledShare(days)} height={6} />
      </svg>
    </>
  );
}
