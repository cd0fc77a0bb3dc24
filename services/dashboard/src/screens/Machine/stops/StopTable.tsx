/** The stops of the period as a table: chosen by their boxes, the longest first on demand. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { Period } from "../../../api/equipment";
import { type Stop, stopsAddress, stopsOf } from "../../../api/stops";
import { Answered } from "../../../shared/Answered";
import { Cut } from "../../../shared/Cut";
import { StateMark } from "../../../shared/charts/StateMark";
import type { Span } from "../../../shared/charts/timeline";
import { type Column, DataTable } from "../../../shared/DataTable";
import { Empty } from "../../../shared/Empty";
import { nameOf } from "../../../shared/format";
import { machineState } from "../../../shared/states";
import { Tile } from "../../../shared/Tile";
import { useFormats } from "../../../shared/useFormats";
import { useReasonName } from "../../../shared/useReasonName";
import styles from "./StopTable.module.css";
import type { Selection } from "./useSelection";

interface Props {
  path: string;
  period: Period;
  zone: string;
  isLine: boolean;
  selection: Selection;
}

export function StopTable({ path, period, zone, isLine, selection }: Props) {
  const t = useTranslations("machine.stops");
  const common = useTranslations("common");
  const format = useFormats(zone);
  const query = useQuery(stopsOf(path, period));
  const [hasShort, setShort] = useState(false);
  const span = useMemo(() => spanOf(query.data), [query.data]);
  const columns = useColumns(zone, isLine, selection, span);
  return (
    <Tile
      title={t("title")}
      extra={
        <span className={styles.extra}>
          <label>
            <input
              type="checkbox"
              checked={hasShort}
              onChange={(event) => setShort(event.currentTarget.checked)}
            />{" "}
            {t("short")}
          </label>
          <a href={stopsAddress(path, period)} download>
            {common("csv")}
          </a>
        </span>
      }
    >
      <Answered query={query}>
        {({ items, totals, next_cursor }) => (
          <>
            {totals === null ? null : (
              <p className="second">
                {t("totals", {
                  count: totals.count,
                  lost: format.duration(totals.lost_s),
                  untagged: format.duration(totals.unclassified_lost_s),
                })}
              </p>
            )}
            <div className={styles.rows}>
              <DataTable
                label={t("title")}
                columns={columns}
                rows={items.filter(({ minor }) => hasShort || !minor)}
                rowKey={({ id }) => id}
                onOpen={({ id }) => selection.toggle(id, false)}
                selected={selection.stops.length === 1 ? selection.stops[0]?.id : undefined}
                empty={<Empty reason={t("none")} />}
              />
            </div>
            <Cut shown={items.length} isCut={next_cursor !== null} what="first" />
          </>
        )}
      </Answered>
    </Tile>
  );
}

function spanOf(answer: { start: string; end: string } | undefined): Span {
  if (answer === undefined) return { startMs: 0, endMs: 0 };
  return { startMs: Date.parse(answer.start), endMs: Date.parse(answer.end) };
}

function useColumns(
  zone: string,
  isLine: boolean,
  selection: Selection,
  span: Span,
): Column<Stop>[] {
  const machine = useTranslations("machine");
  const t = useTranslations("machine.stops");
  const entry = useTranslations("machine.entry");
  const states = useTranslations("states");
  const format = useFormats(zone);
  const reasonName = useReasonName();
  const chosen = new Set(selection.stops.map(({ id }) => id));
  const columns: (Column<Stop> | undefined)[] = [
    {
      key: "chosen",
      head: <span className="visually-hidden">{t("choose")}</span>,
      cell: ({ id, start, equipment }) => (
        <input
          type="checkbox"
          aria-label={t("chooseStop", {
            at: format.timeIn(span, start, true),
            name: nameOf(equipment),
          })}
          checked={chosen.has(id)}
          onChange={() => selection.toggle(id, true)}
        />
      ),
    },
    isLine
      ? {
          key: "machine",
          head: machine("title"),
          cell: ({ equipment }) => nameOf(equipment),
          sort: ({ equipment }) => equipment,
        }
      : undefined,
    {
      key: "from",
      head: machine("from"),
      cell: ({ start }) => format.timeIn(span, start, true),
      sort: ({ start }) => Date.parse(start),
    },
    {
      key: "lost",
      head: t("lost"),
      align: "right",
      cell: ({ lost_s, end }) => `${format.duration(lost_s)}${end === null ? " …" : ""}`,
      sort: ({ lost_s }) => lost_s,
    },
    {
      key: "state",
      head: machine("state"),
      cell: ({ state }) => (
        <>
          <StateMark state={state} /> {states(machineState(state))}
        </>
      ),
      sort: ({ state }) => state,
    },
    {
      key: "reason",
      head: t("reason"),
      cell: (stop) =>
        reasonName(stop) ?? <span className={styles.untagged}>{entry("untagged")}</span>,
      sort: (stop) => reasonName(stop),
    },
    { key: "code", head: machine("codeHead"), cell: ({ code }) => code ?? "–" },
    {
      key: "order",
      head: machine("orderHead"),
      cell: ({ order_number }) => order_number ?? "–",
      sort: ({ order_number }) => order_number,
    },
    { key: "comment", head: entry("comment"), cell: ({ comment }) => comment ?? "" },
  ];
  return columns.filter((column) => column !== undefined);
}
