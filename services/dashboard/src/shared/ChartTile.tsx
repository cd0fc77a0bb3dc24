/** A tile with a chart: as a table, too, as CSV of the API, as an image. */
import { Button } from "@mantine/core";
import { type ReactNode, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./ChartTile.module.css";
import { useShortcut } from "./keyboard";
import tileStyles from "./Tile.module.css";
import { announce } from "./toasts";

interface Props {
  title: string;
  /** Address of the API that answers the same as CSV. */
  csv?: string | undefined;
  /** The words of the link, where they must say more than "CSV". */
  csvLabel?: string | undefined;
  chart: ReactNode;
  /** Without it: the chart is a table with bars. */
  table?: ReactNode;
  extra?: ReactNode;
  /** Part of a page that is printed: no card; its chart stays above its table, for the print. */
  isPrinted?: boolean;
  /** What stands below both. */
  children?: ReactNode;
}

export function ChartTile(props: Props) {
  const { title, csv, csvLabel, chart, table, extra, isPrinted = false, children } = props;
  const common = useTranslations("common");
  const id = useId();
  const tile = useRef<HTMLElement>(null);
  const drawn = useRef<HTMLDivElement>(null);
  const hasTable = table !== undefined;
  const [isTable, setTable] = useState(false);
  const hasChart = isPrinted || !isTable;
  const next = common(hasChart ? "table" : "chart");
  useShortcut("v", () => setTable((shown) => !shown), { within: tile, isOff: !hasTable });

  async function copyImage() {
    // Few copy a chart: what draws it as an image loads when they do.
    const { copyChart } = await import("./charts/image");
    const done = await copyChart(drawn.current, title);
    announce(common(done));
  }

  return (
    <section ref={tile} className={isPrinted ? styles.part : tileStyles.tile} aria-labelledby={id}>
      <header className={tileStyles.head}>
        <h2 id={id}>{title}</h2>
        {extra}
        <div className={styles.ways}>
          {hasTable ? (
            <Button
              variant="subtle"
              aria-keyshortcuts="v"
              aria-label={`${next}: ${title}`}
              aria-expanded={isPrinted ? isTable : undefined}
              onClick={() => setTable(!isTable)}
            >
              {next}
            </Button>
          ) : null}
          {csv === undefined ? null : (
            <a
              className={styles.csv}
              href={csv}
              download
              aria-label={`${csvLabel ?? common("csv")}: ${title}`}
            >
              {csvLabel ?? common("csv")}
            </a>
          )}
          {hasChart ? (
            <Button
              variant="subtle"
              aria-label={`${common("copyImage")}: ${title}`}
              onClick={() => void copyImage()}
            >
              {common("copyImage")}
            </Button>
          ) : null}
        </div>
      </header>
      <div ref={drawn} className={styles.drawn}>
        {hasChart ? chart : table}
      </div>
      {isPrinted && isTable ? <div className={styles.ofScreen}>{table}</div> : null}
      {children}
    </section>
  );
}
