/** "Is data coming, and if not, since when?" */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { type Connector, connectors } from "../../api/connectors";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { Tile } from "../../shared/Tile";
import { useHomeZone } from "../../shared/useHomeZone";
import { useMayI } from "../../shared/useMayI";
import { ConnectorDetailPart } from "./ConnectorDetail";
import styles from "./Connectors.module.css";
import { ConnectorTable } from "./ConnectorTable";
import { countsOf, splitFeeds } from "./health";

const ConnectServer = lazy(() => import("./connect/ConnectServer"));
const Awaited = lazy(async () => ({ default: (await import("./connect/Awaited")).Awaited }));

export function ConnectorsScreen() {
  const t = useTranslations("connectors");
  const search = useSearch({ from: "/connectors" });
  const navigate = useNavigate({ from: "/connectors" });
  const query = useQuery(connectors);
  const mayExplore = useMayI("connectors:write");
  const { live, history } = splitFeeds(query.data?.items ?? []);
  const zone = useHomeZone();
  const open = (name: string | undefined) => {
    const { connector: _, ...rest } = search;
    void navigate({ search: name === undefined ? rest : { ...rest, connector: name } });
  };
  const connecting = (isOn: boolean) => {
    const { connect: _, ...rest } = search;
    void navigate({ search: isOn ? { ...rest, connect: "opcua" } : rest });
  };
  const chosen = search.connector;
  return (
    <>
      <div className={styles.head}>
        <h1>{t("title")}</h1>
        {mayExplore && search.connect === undefined ? (
          <Button variant="default" onClick={() => connecting(true)}>
            {t("connect.open")}
          </Button>
        ) : null}
      </div>
      {search.connect === undefined ? null : (
        <Suspense>
          <ConnectServer connectors={live} onClose={() => connecting(false)} />
        </Suspense>
      )}
      {search.awaits === undefined ? null : (
        <Suspense>
          <Awaited
            key={search.awaits}
            name={search.awaits}
            onClose={() => {
              const { awaits: _, ...rest } = search;
              void navigate({ search: rest });
            }}
          />
        </Suspense>
      )}
      <Tile title={t("live")}>
        <Answered query={query}>
          {({ items, next_cursor }) =>
            live.length === 0 ? (
              <Empty reason={t("none")} />
            ) : (
              <>
                <Answer live={live} />
                <ConnectorTable label={t("live")} rows={live} chosen={chosen} onOpen={open} />
                <Cut what="first" shown={items.length} isCut={next_cursor !== null} />
              </>
            )
          }
        </Answered>
      </Tile>
      {chosen === undefined ? null : <ConnectorDetailPart name={chosen} zone={zone} />}
      {history.length === 0 ? null : <History rows={history} chosen={chosen} onOpen={open} />}
    </>
  );
}

function Answer({ live }: { live: readonly Connector[] }) {
  const t = useTranslations("connectors");
  const { needing, stopped } = countsOf(live);
  const all = live.length;
  return (
    <p className={styles.answer}>
      {needing > 0 ? t("someNeed", { count: needing, all }) : null}
      {needing === 0 && stopped === 0 ? t("allRun", { all }) : null}
      {needing === 0 && stopped > 0 ? t("othersRun", { count: stopped, all }) : null}
    </p>
  );
}

interface HistoryProps {
  rows: readonly Connector[];
  chosen: string | undefined;
  onOpen: (name: string) => void;
}

function History({ rows, chosen, onOpen }: HistoryProps) {
  const t = useTranslations("connectors");
  const isChosen = rows.some(({ id }) => id === chosen);
  return (
    <details className={styles.history} open={isChosen}>
      <summary>{t("history", { count: rows.length })}</summary>
      <Tile title={t("historyTitle")}>
        <ConnectorTable label={t("historyTitle")} rows={rows} chosen={chosen} onOpen={onOpen} />
      </Tile>
    </details>
  );
}
