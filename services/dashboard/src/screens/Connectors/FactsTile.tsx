/** What is known of a connector: mapping, certificates, clocks, counts. */
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { ConnectorDetail } from "../../api/connectors";
import { NO_VALUE } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./Connectors.module.css";

interface Props {
  connector: ConnectorDetail;
  zone: string;
}

export function FactsTile({ connector, zone }: Props) {
  const t = useTranslations("connectors");
  const format = useFormats(zone);
  const { configuration, certificates, details } = connector;
  const at = (time: string | null) =>
    time === null ? NO_VALUE : `${format.dayTime(time)} ${format.zone(time)}`;
  const skew = (seconds: number | null) => (seconds === null ? NO_VALUE : format.duration(seconds));
  return (
    <Tile title={t("facts")}>
      <dl className={styles.facts}>
        <Fact name={t("mapping")}>
          {configuration.used?.mapping ?? NO_VALUE} · {t(`syncs.${configuration.state}`)}
          {configuration.active === null || configuration.state === "in_sync"
            ? null
            : ` · ${t("activeIs", { mapping: configuration.active.mapping })}`}
        </Fact>
        {certificates.map((end) => (
          <Fact key={`${end.owner} ${end.fingerprint}`} name={t(`owners.${ownerOf(end.owner)}`)}>
            {t("endsIn", { days: end.days_left, date: format.day(end.until, true) })} {end.subject}
          </Fact>
        ))}
        <Fact name={t("lastGood")}>{at(connector.last_good_at)}</Fact>
        <Fact name={t("lastStored")}>{at(connector.last_applied_at)}</Fact>
        <Fact name={t("sourceClock")}>{skew(connector.clock_skew_s)}</Fact>
        <Fact name={t("edgeClock")}>{skew(connector.edge_clock_skew_s)}</Fact>
        <Fact name={t("protocol")}>{connector.protocol ?? NO_VALUE}</Fact>
        <Fact name={t("version")}>{connector.version ?? NO_VALUE}</Fact>
        <Fact name={t("stored")}>{format.number(connector.samples)}</Fact>
        <Fact name={t("quarantined")}>{format.number(connector.quarantined)}</Fact>
        {Object.entries(details).map(([name, value]) => (
          <Fact key={name} name={<span lang="en">{name.replaceAll("_", " ")}</span>}>
            {typeof value === "number" ? format.number(value, digitsOf(value)) : value}
          </Fact>
        ))}
      </dl>
    </Tile>
  );
}

function Fact({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function ownerOf(owner: string): "server" | "own" {
  return owner === "own" ? "own" : "server";
}

function digitsOf(value: number): number {
  return Number.isInteger(value) ? 0 : 3;
}
