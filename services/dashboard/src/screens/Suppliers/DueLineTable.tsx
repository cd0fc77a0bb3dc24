/** What was called off, beside what was announced and delivered. */
import { useTranslations } from "use-intl";
import type { DueLine } from "../../api/suppliers";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { useFormats } from "../../shared/useFormats";
import { stateOf } from "./lines";
import { MessageLink } from "./MessageLink";
import styles from "./SuppliersScreen.module.css";

interface Props {
  lines: readonly DueLine[];
  /** Of a site: its days end when its own do. */
  zoneOfSite: (site: string | null) => string;
}

export function DueLineTable({ lines, zoneOfSite }: Props) {
  const t = useTranslations("suppliers");
  const columns = useColumns(zoneOfSite);
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

function useColumns(zoneOfSite: Props["zoneOfSite"]): Column<DueLine>[] {
  const t = useTranslations("suppliers");
  const format = useFormats();
  return [
    {
      key: "due",
      head: t("due"),
      cell: (line) => <Due line={line} zone={zoneOfSite(line.site)} />,
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
    {
      key: "messages",
      head: t("messages"),
      cell: (line) => <Messages line={line} zone={zoneOfSite(line.site)} />,
    },
  ];
}

/** A half-open day by its own date: due until midnight is due on the day before. */
function Due({ line, zone }: { line: DueLine; zone: string }) {
  const format = useFormats(zone);
  return <span className={styles.nowrap}>{format.day(Date.parse(line.due_until) - 1)}</span>;
}

/** Every message of a line: what called it off, announced it, received it. */
function Messages({ line, zone }: { line: DueLine; zone: string }) {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  const kinds = [
    { kind: t("callOff"), events: line.event_ids },
    { kind: t("advice"), events: line.shipment_ids },
    { kind: t("receipt"), events: line.receipt_ids },
  ];
  const named = kinds.flatMap(({ kind, events }) =>
    events.map((event, index) => ({
      event,
      kind: index === 0 ? kind : t("oneOf", { kind, number: index + 1 }),
    })),
  );
  return (
    <span className={styles.links}>
      {named.map(({ kind, event }) => (
        <MessageLink
          key={`${kind} ${event}`}
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
