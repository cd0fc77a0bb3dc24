/** What was called off, beside what was announced and delivered. */
import { useTranslations } from "use-intl";
import type { DueLine } from "../../api/suppliers";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { useFormats } from "../../shared/useFormats";
import { stateOf } from "./lines";
import { MessageLink } from "./MessageLink";
import styles from "./SuppliersScreen.module.css";

export function DueLineTable({ lines, zone }: { lines: readonly DueLine[]; zone: string }) {
  const t = useTranslations("suppliers");
  const columns = useColumns(zone);
  return (
    <DataTable
      label={t("callOffs")}
      columns={columns}
      rows={lines}
      rowKey={(line) => `${line.document} ${line.material} ${line.site} ${line.due_from}`}
      empty={<Empty reason={t("noCallOffs")} />}
    />
  );
}

function useColumns(zone: string): Column<DueLine>[] {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  return [
    {
      key: "due",
      head: t("due"),
      cell: ({ due_until }) => (
        <span className={styles.nowrap}>{format.day(Date.parse(due_until) - 1)}</span>
      ),
      sort: ({ due_until }) => Date.parse(due_until),
    },
    {
      key: "material",
      head: t("material"),
      cell: ({ material }) => <span className={styles.nowrap}>{material}</span>,
      sort: ({ material }) => material,
    },
    { key: "site", head: t("site"), cell: ({ site }) => site ?? "–", sort: ({ site }) => site },
    {
      key: "quantity",
      head: t("quantity"),
      align: "right",
      cell: ({ quantity }) => format.number(quantity),
      sort: ({ quantity }) => quantity,
    },
    {
      key: "announced",
      head: t("announced"),
      cell: ({ shipment_ids }) => t(shipment_ids.length === 0 ? "announcedNo" : "announcedYes"),
      sort: ({ shipment_ids }) => shipment_ids.length,
    },
    {
      key: "delivered",
      head: t("delivered"),
      align: "right",
      cell: ({ delivered_quantity }) => format.number(delivered_quantity),
      sort: ({ delivered_quantity }) => delivered_quantity,
    },
    {
      key: "delay",
      head: t("delay"),
      align: "right",
      cell: ({ delay_s }) => format.duration(delay_s),
      sort: ({ delay_s }) => delay_s,
    },
    {
      key: "state",
      head: t("state"),
      cell: (line) => <span className={styles.nowrap}>{t(`lineState.${stateOf(line)}`)}</span>,
      sort: (line) => stateOf(line),
    },
    { key: "messages", head: t("messages"), cell: (line) => <Messages line={line} zone={zone} /> },
  ];
}

function Messages({ line, zone }: { line: DueLine; zone: string }) {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  const kinds = [
    { kind: t("callOff"), event: line.event_ids[0] },
    { kind: t("advice"), event: line.shipment_ids[0] },
    { kind: t("receipt"), event: line.receipt_ids[0] },
  ];
  return (
    <span className={styles.links}>
      {kinds.map(({ kind, event }) => (
        <MessageLink
          key={kind}
          event={event}
          text={kind}
          label={t("messageOf", {
            kind,
            material: line.material,
            due: format.day(Date.parse(line.due_until) - 1),
          })}
        />
      ))}
    </span>
  );
}
