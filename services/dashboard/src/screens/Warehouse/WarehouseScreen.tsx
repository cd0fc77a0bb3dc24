/** "What runs out, when, and which line stops?" */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../../api/plants";
import { allWarnings, partsOf, type Warehouse, warehouses } from "../../api/warehouse";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { Empty } from "../../shared/Empty";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { NextStop } from "./NextStop";
import { PartsTable } from "./PartsTable";
import { ProjectionTile } from "./ProjectionTile";
import styles from "./WarehouseScreen.module.css";
import { WarningList } from "./WarningList";

export function WarehouseScreen() {
  const t = useTranslations("warehouse");
  const { _splat: key = "" } = useParams({ from: "/warehouse/$" });
  const all = useQuery(warehouses);
  return (
    <>
      <h1>{t("title")}</h1>
      <Answered query={all}>
        {({ items }) => {
          if (items.length === 0) {
            return <Empty reason={t("noWarehouse")} action={<p>{t("noWarehouseHint")}</p>} />;
          }
          // A key that is not listed is asked for all the same: the API says why there is none.
          const chosen = key === "" ? items.length === 1 && items[0]?.key : key;
          return (
            <>
              <Choice all={items} chosen={chosen || undefined} />
              {chosen ? <Content all={items} warehouse={chosen} key={chosen} /> : null}
            </>
          );
        }}
      </Answered>
    </>
  );
}

function Choice({ all, chosen }: { all: readonly Warehouse[]; chosen: string | undefined }) {
  const t = useTranslations("warehouse");
  return (
    <nav className={styles.choices} aria-label={t("choose")}>
      {all.map(({ key, name }) => (
        <Link
          key={key}
          className={styles.choice}
          to="/warehouse/$"
          params={{ _splat: key }}
          aria-current={key === chosen ? "page" : undefined}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

function Content({ all, warehouse }: { all: readonly Warehouse[]; warehouse: string }) {
  const t = useTranslations("warehouse");
  const { data: known } = useSuspenseQuery(plants);
  const plant = all.find(({ key }) => key === warehouse)?.plant ?? "";
  const zone = zoneOf(known.items, plant);
  const format = useFormats(zone);
  const parts = useQuery(partsOf(warehouse));
  const warnings = useQuery(allWarnings);
  const asOf = parts.data?.at;
  // An unknown warehouse: the refusal stands alone.
  if (parts.isError && parts.data === undefined) {
    return <Answered query={parts}>{() => null}</Answered>;
  }
  return (
    <>
      <Tile
        title={t("nextStop")}
        extra={
          asOf === undefined ? null : (
            <span className="second">
              {t("asOf", { time: `${format.time(asOf, true)} ${format.zone(asOf)}` })}
            </span>
          )
        }
      >
        <Answered query={parts}>{({ items }) => <NextStop parts={items} zone={zone} />}</Answered>
      </Tile>
      <Tile title={t("warnings")}>
        <Answered query={warnings}>
          {({ items, next_cursor }) => (
            <>
              <WarningList
                warnings={items.filter((warning) => warning.warehouse === warehouse)}
                zone={zone}
              />
              <Cut what="first" shown={items.length} isCut={next_cursor !== null} />
            </>
          )}
        </Answered>
      </Tile>
      <Tile title={t("parts")}>
        <Answered query={parts}>
          {({ items, next_cursor }) => (
            <>
              <PartsTable parts={items} zone={zone} nowMs={Date.parse(asOf ?? "")} />
              <Cut what="first" shown={items.length} isCut={next_cursor !== null} />
            </>
          )}
        </Answered>
      </Tile>
      <ProjectionTile warehouse={warehouse} parts={parts.data?.items ?? []} zone={zone} />
    </>
  );
}
