/** Shipments that are announced or under way, with their despatch advices. */
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type Shipment, shipment } from "../../api/suppliers";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./SuppliersScreen.module.css";

export function ShipmentTable({
  shipments,
  zone,
}: {
  shipments: readonly Shipment[];
  zone: string;
}) {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  const mayRead = useMayI("raw:read");
  const time = (at: string | null) => (
    <span className={styles.nowrap}>{at === null ? "–" : format.dayTime(at)}</span>
  );
  const millis = (at: string | null) => (at === null ? null : Date.parse(at));
  const columns: Column<Shipment>[] = [
    {
      key: "document",
      head: t("document"),
      cell: ({ document }) => <span className={styles.nowrap}>{document}</span>,
      sort: ({ document }) => document,
    },
    { key: "site", head: t("site"), cell: ({ site }) => site ?? "–", sort: ({ site }) => site },
    {
      key: "despatched",
      head: t("despatched"),
      cell: ({ despatched_at }) => time(despatched_at),
      sort: ({ despatched_at }) => millis(despatched_at),
    },
    {
      key: "arrives",
      head: t("arrives"),
      cell: ({ arrives_at }) => time(arrives_at),
      sort: ({ arrives_at }) => millis(arrives_at),
    },
    {
      key: "state",
      head: t("state"),
      cell: ({ state }) => <span className={styles.nowrap}>{t(`shipmentState.${state}`)}</span>,
      sort: ({ state }) => state,
    },
    ...(mayRead
      ? [{ key: "message", head: t("message"), cell: (one: Shipment) => <Advice of={one} /> }]
      : []),
  ];
  return (
    <DataTable
      label={t("shipments")}
      columns={columns}
      rows={shipments}
      rowKey={({ id }) => String(id)}
      empty={<Empty reason={t("noShipments")} />}
    />
  );
}

/** Opens the despatch advice: the list of shipments does not name its event. */
function Advice({ of }: { of: Shipment }) {
  const t = useTranslations("suppliers");
  const client = useQueryClient();
  const navigate = useNavigate();

  async function open() {
    const { lines } = await client.fetchQuery(shipment(of.id));
    const event = lines[0]?.event_id;
    if (event === undefined) return;
    await navigate({ to: ".", search: (before) => ({ ...before, event }), resetScroll: false });
  }

  return (
    <Button
      variant="subtle"
      size="compact-sm"
      aria-label={`${t("advice")}: ${of.document}`}
      onClick={() => void open()}
    >
      {t("advice")}
    </Button>
  );
}
