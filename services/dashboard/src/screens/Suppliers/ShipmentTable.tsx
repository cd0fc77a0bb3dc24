/** Shipments that are announced or under way, with their despatch advices. */
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type Shipment, shipment } from "../../api/suppliers";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { NO_VALUE } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import styles from "./SuppliersScreen.module.css";

interface Props {
  shipments: readonly Shipment[];
  zoneOfSite: (site: string | null) => string;
}

export function ShipmentTable({ shipments, zoneOfSite }: Props) {
  const t = useTranslations("suppliers");
  const mayRead = useMayI("raw:read");
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
      cell: ({ despatched_at, site }) => <Time at={despatched_at} zone={zoneOfSite(site)} />,
      sort: ({ despatched_at }) => millis(despatched_at),
    },
    {
      key: "arrives",
      head: t("arrives"),
      cell: ({ arrives_at, site }) => <Time at={arrives_at} zone={zoneOfSite(site)} />,
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

/** A time at the site that waits for it: sites have clocks of their own. */
function Time({ at, zone }: { at: string | null; zone: string }) {
  const format = useFormats(zone);
  const text = at === null ? NO_VALUE : `${format.dayTime(at)} ${format.zone(at)}`;
  return <span className={styles.nowrap}>{text}</span>;
}

/** Opens the despatch advice: the list of shipments does not name its event. */
function Advice({ of }: { of: Shipment }) {
  const t = useTranslations("suppliers");
  const client = useQueryClient();
  const navigate = useNavigate();
  const { run, isRunning, problem } = useAction(
    async () => {
      const { lines } = await client.fetchQuery(shipment(of.id));
      return { event: lines[0]?.event_id };
    },
    { invalidates: [] },
  );
  const [isMissing, setMissing] = useState(false);

  async function open() {
    const found = await run(undefined);
    if (found === undefined) return;
    setMissing(found.event === undefined);
    if (found.event === undefined) return;
    const { event } = found;
    await navigate({ to: ".", search: (before) => ({ ...before, event }), resetScroll: false });
  }

  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-label={`${t("advice")}: ${of.document}`}
        loading={isRunning}
        onClick={() => void open()}
      >
        {t("advice")}
      </Button>
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      {isMissing ? <span role="status">{t("noAdvice")}</span> : null}
    </>
  );
}
