/** Connectors as rows: those that need somebody first. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { Connector } from "../../api/connectors";
import { type Column, DataTable } from "../../shared/DataTable";
import { NO_VALUE } from "../../shared/format";
import { type Formats, useFormats } from "../../shared/useFormats";
import styles from "./Connectors.module.css";
import { isEndingSoon, isSkewed, stateWord, toneOf, worstSkew } from "./health";
import { StateWordMark } from "./StateWordMark";

interface Props {
  label: string;
  rows: readonly Connector[];
  chosen: string | undefined;
  onOpen: (name: string) => void;
}

export function ConnectorTable({ label, rows, chosen, onOpen }: Props) {
  const t = useTranslations("connectors");
  const format = useFormats();
  const columns = useMemo(() => columnsOf(t, format), [t, format]);
  return (
    <DataTable
      label={label}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      selected={chosen}
      onOpen={(row) => onOpen(row.id)}
    />
  );
}

type Words = ReturnType<typeof useTranslations<"connectors">>;

function columnsOf(t: Words, format: Formats): readonly Column<Connector>[] {
  const number = (value: number | null, digits = 0) => format.number(value, digits);
  const length = (seconds: number | null) =>
    seconds === null ? NO_VALUE : format.duration(seconds);
  return [
    {
      key: "id",
      head: t("connector"),
      cell: (row) => <span className={styles.name}>{row.id}</span>,
      sort: (row) => row.id,
    },
    {
      key: "state",
      head: t("state"),
      cell: (row) => <StateWordMark connector={row} />,
      sort: (row) => toneOf(stateWord(row)),
    },
    {
      key: "good",
      head: t("lastGood"),
      align: "right",
      cell: (row) =>
        row.last_good_age_s === null && row.last_applied_at !== null
          ? t("storedAgo", { age: length(ageOf(row.last_applied_at)) })
          : length(row.last_good_age_s),
      sort: (row) => row.last_good_age_s,
    },
    {
      key: "lag",
      head: t("lag"),
      align: "right",
      cell: (row) => length(row.lag_s),
      sort: (row) => row.lag_s,
    },
    {
      key: "backlog",
      head: t("backlog"),
      align: "right",
      cell: (row) => number(row.backlog),
      sort: (row) => row.backlog,
    },
    {
      key: "rate",
      head: t("rate"),
      align: "right",
      cell: (row) => (
        <span
          title={
            row.rate_window_s === null
              ? undefined
              : t("over", { window: length(row.rate_window_s) })
          }
        >
          {number(row.rate_per_s, 1)}
        </span>
      ),
      sort: (row) => row.rate_per_s,
    },
    {
      key: "gaps",
      head: t("openGaps"),
      align: "right",
      cell: (row) => <Marked isMarked={row.open_gaps > 0}>{number(row.open_gaps)}</Marked>,
      sort: (row) => row.open_gaps,
    },
    {
      key: "skew",
      head: t("skew"),
      align: "right",
      cell: (row) => <Marked isMarked={isSkewed(worstSkew(row))}>{length(worstSkew(row))}</Marked>,
      sort: (row) => Math.abs(worstSkew(row) ?? 0),
    },
    {
      key: "certificate",
      head: t("certificateDays"),
      align: "right",
      cell: (row) => (
        <Marked isMarked={isEndingSoon(row.certificate_days_left)}>
          {number(row.certificate_days_left)}
        </Marked>
      ),
      sort: (row) => row.certificate_days_left,
    },
    { key: "version", head: t("version"), cell: (row) => row.version ?? NO_VALUE },
    {
      key: "sync",
      head: t("sync"),
      cell: (row) => t(`syncs.${row.configuration.state}`),
      sort: (row) => row.configuration.state,
    },
  ];
}

function ageOf(time: string): number {
  return Math.max(0, (Date.now() - Date.parse(time)) / 1000);
}

/** A number that asks for a look: a sign beside it, not the colour alone. */
function Marked({ isMarked, children }: { isMarked: boolean; children: string }) {
  if (!isMarked) return children;
  return (
    <span className={styles.marked}>
      <span aria-hidden="true">! </span>
      {children}
    </span>
  );
}
