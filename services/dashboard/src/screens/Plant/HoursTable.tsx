/** The hours of the lines as plain numbers: an hour a row, the newest first. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { HourValue } from "../../api/kpis";
import type { OverviewItem } from "../../api/overview";
import { type Column, DataTable } from "../../shared/DataTable";
import { useFormats } from "../../shared/useFormats";
import { hoursOf } from "./hours";

interface Props {
  values: readonly HourValue[];
  lines: readonly OverviewItem[];
  zone: string;
}

interface Hour {
  start: string;
}

export function HoursTable({ values, lines, zone }: Props) {
  const t = useTranslations("plant");
  const format = useFormats(zone);
  const table = useMemo(() => hoursOf(values), [values]);
  const columns: Column<Hour>[] = [
    {
      key: "hour",
      head: t("hour", { zone: format.zone(table.starts[0] ?? Date.now()) }),
      cell: ({ start }) => format.dayTime(start),
      sort: ({ start }) => Date.parse(start),
    },
    ...lines.map(
      ({ equipment, name }): Column<Hour> => ({
        key: equipment,
        head: name,
        align: "right",
        cell: ({ start }) => {
          const hour = table.valueOf(equipment, start);
          return <span title={hour?.reason ?? undefined}>{format.share(hour?.value)}</span>;
        },
        sort: ({ start }) => table.valueOf(equipment, start)?.value,
      }),
    ),
  ];
  return (
    <DataTable
      label={t("hoursTable")}
      columns={columns}
      rows={table.starts.map((start) => ({ start })).toReversed()}
      rowKey={({ start }) => start}
    />
  );
}
