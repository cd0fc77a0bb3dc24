/** Waits for a new connector: says what is missing, then shows its first values. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type Connector, firstValues, type LatestSignal } from "../../../api/connectors";
import { switchingConnectors } from "../../../api/mappings";
import { plants, zoneOf } from "../../../api/plants";
import { Answered } from "../../../shared/Answered";
import { Cut } from "../../../shared/Cut";
import { DataTable } from "../../../shared/DataTable";
import { NO_VALUE, nameOf } from "../../../shared/format";
import { Tile } from "../../../shared/Tile";
import { useFormats } from "../../../shared/useFormats";
import { useHomeZone } from "../../../shared/useHomeZone";
import { ErrorPart } from "../ConnectorDetail";
import styles from "../Connectors.module.css";
import { StateWordMark } from "../StateWordMark";
import { arrivalOf } from "./arrival";

const VALUES_SHOWN = 20;

interface Props {
  name: string;
  onClose: () => void;
}

export function Awaited({ name, onClose }: Props) {
  const t = useTranslations("connectors.connect");
  const common = useTranslations("common");
  const query = useQuery(switchingConnectors([name]));
  return (
    <Tile
      title={t("awaited", { name })}
      extra={
        <Button variant="subtle" onClick={onClose}>
          {common("close")}
        </Button>
      }
    >
      <Answered query={query}>
        {({ items }) => <Progress connector={items.find(({ id }) => id === name)} name={name} />}
      </Answered>
    </Tile>
  );
}

function Progress({ connector, name }: { connector: Connector | undefined; name: string }) {
  const t = useTranslations("connectors.connect");
  const syncs = useTranslations("connectors.syncs");
  const arrival = arrivalOf(connector);
  const isRefusing = (arrival.is === "empty" || arrival.is === "live") && arrival.refused > 0;
  return (
    <div className={styles.steps}>
      <p role="status">
        <strong className={arrival.is === "live" ? styles.good : undefined}>
          {t(`arrivals.${arrival.is}`, { name })}
        </strong>{" "}
        {connector === undefined ? null : <StateWordMark connector={connector} />}
      </p>
      {arrival.is === "live" ? null : (
        <p>{t(`arrivalHints.${arrival.is}`, { file: `${name}.yaml` })}</p>
      )}
      {arrival.is === "fails"
        ? arrival.errors.map((error) => <ErrorPart key={error.code} error={error} />)
        : null}
      {connector === undefined ? null : (
        <p className="second">
          {t("usedMapping", {
            mapping: connector.configuration.used?.mapping ?? NO_VALUE,
            sync: syncs(connector.configuration.state),
          })}
        </p>
      )}
      {isRefusing ? (
        <p>
          <Link to="/quality">{t("refused", { count: arrival.refused })}</Link>
        </p>
      ) : null}
      {arrival.is === "live" ? <FirstValues name={name} /> : null}
    </div>
  );
}

function FirstValues({ name }: { name: string }) {
  const t = useTranslations("connectors.connect");
  const query = useQuery(firstValues(name, VALUES_SHOWN));
  const known = useQuery(plants).data?.items ?? [];
  const home = useHomeZone();
  const machine = query.data?.values.find(({ equipment }) => equipment !== null)?.equipment;
  const zone = machine == null ? home : zoneOf(known, machine);
  const format = useFormats(zone);
  return (
    <Answered query={query}>
      {({ values, isCut }) => (
        <>
          <DataTable<LatestSignal>
            label={t("firstValues")}
            rows={machinesFirst(values)}
            rowKey={({ id }) => String(id)}
            columns={[
              { key: "signal", head: t("signal"), cell: (one) => <Place signal={one} /> },
              { key: "role", head: t("role"), cell: ({ role }) => role },
              {
                key: "value",
                head: t("valueNow"),
                align: "right",
                cell: ({ text, value, unit }) => `${text ?? value ?? NO_VALUE} ${unit ?? ""}`,
              },
              {
                key: "at",
                head: t("at", { zone: format.zone(Date.now()) }),
                cell: ({ at }) =>
                  at === null ? NO_VALUE : `${format.day(at)} ${format.time(at, true)}`,
              },
            ]}
          />
          <Cut what="first" shown={values.length} isCut={isCut} />
        </>
      )}
    </Answered>
  );
}

/** Signals of machines before what the connector says of itself. */
function machinesFirst(values: readonly LatestSignal[]): LatestSignal[] {
  return [
    ...values.filter(({ equipment }) => equipment !== null),
    ...values.filter(({ equipment }) => equipment === null),
  ];
}

function Place({ signal: { equipment, name } }: { signal: LatestSignal }) {
  if (equipment === null) return name;
  return (
    <>
      <Link to="/machine/$" params={{ _splat: equipment }}>
        {nameOf(equipment)}
      </Link>{" "}
      · {name}
    </>
  );
}
