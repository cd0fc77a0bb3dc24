/** The tiles of the screen: the picture with its values, and the notes about it. */
import { Button } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { Annotation } from "../../api/annotations";
import type { Period } from "../../api/equipment";
import { samplesAddress } from "../../api/samples";
import { Answered } from "../../shared/Answered";
import { ChartTile } from "../../shared/ChartTile";
import { Cut } from "../../shared/Cut";
import { isoOf } from "../../shared/plantTime";
import { Refused } from "../../shared/Refused";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import { CopyButtons } from "./CopyButtons";
import { NoSamples } from "./NoSamples";
import { NoteDialog, Notes } from "./Notes";
import { panesOf } from "./panes";
import { ReadingTable } from "./ReadingTable";
import { SampleTable } from "./SampleTable";
import { Spoken } from "./Spoken";
import styles from "./TrendsScreen.module.css";
import { type useCurves, useSurroundings } from "./useCurves";
import { useZoom } from "./useZoom";

// With uPlot, which no other screen needs.
const TrendChart = lazy(async () => ({ default: (await import("./TrendChart")).TrendChart }));

const NO_NOTES: readonly Annotation[] = [];

interface Props {
  ids: readonly number[];
  period: Period;
  points: number;
  zone: string;
  trend: ReturnType<typeof useCurves>;
  onWidth: (width: number) => void;
  onChoose: (ids: readonly number[]) => void;
}

export function TrendTiles({ ids, period, points, zone, trend, onWidth, onChoose }: Props) {
  const t = useTranslations("trends");
  const { ref, width } = useElementSize();
  const { signals, query, summary, gaps, span, curves } = trend;
  const { paths, notes, answers, strips } = useSurroundings(signals, period);
  const [at, setAt] = useState<{ ms: number | undefined; isByKey: boolean }>();
  const [noteMs, setNoteMs] = useState<number>();
  const mayWrite = useMayI("notes:write");
  const zoom = useZoom(span, zone);
  const drawable = useMemo(
    () => curves.filter(({ columns }) => hasNumbers(columns.line)),
    [curves],
  );
  const { panes, rest } = useMemo(() => panesOf(drawable), [drawable]);
  useEffect(() => onWidth(Math.floor(width)), [width, onWidth]);
  const noteNow = () => setNoteMs(at?.ms ?? span?.endMs ?? Date.now());
  return (
    <div className={`${styles.tiles} ${styles.lines}`}>
      <ChartTile
        title={t("overTime")}
        csv={samplesAddress(ids, period, points)}
        extra={span === undefined ? null : <SpanText span={span} zone={zone} />}
        table={<SampleTable curves={curves} zone={zone} />}
        chart={
          <Answered query={query}>
            {({ items }) =>
              span === undefined || drawable.length === 0 ? (
                <NoSamples signals={signals} items={items} zone={zone} />
              ) : (
                <Suspense fallback={<Loading />}>
                  <TrendChart
                    panes={panes}
                    span={span}
                    zone={zone}
                    width={Math.floor(width)}
                    notes={notes.data?.items ?? NO_NOTES}
                    strips={strips}
                    atMs={at?.ms}
                    isByKey={at?.isByKey ?? false}
                    onPoint={(ms, isByKey) => setAt({ ms, isByKey })}
                    onZoom={zoom.into}
                    onZoomOut={zoom.out}
                    onNote={() => mayWrite && noteNow()}
                  />
                </Suspense>
              )
            }
          </Answered>
        }
      >
        <div ref={ref} />
        <Refused queries={[summary, gaps, ...answers]} />
        {gaps.data == null || gaps.data.next_cursor === null ? null : (
          <p role="status">{t("manyGaps", { count: gaps.data.items.length })}</p>
        )}
        <Spoken curves={curves} atMs={at?.isByKey === true ? at.ms : undefined} zone={zone} />
        {rest.length === 0 ? null : <p role="status">{t("manyUnits", { count: rest.length })}</p>}
        <p id="trend-keys" className={styles.hint}>
          {t("hint")}
        </p>
        <ReadingTable
          signals={signals}
          ids={ids}
          curves={curves}
          summary={summary.data?.items ?? []}
          atMs={at?.ms}
          zone={zone}
          onRemove={(id) => onChoose(ids.filter((one) => one !== id))}
        />
        <div className={styles.buttons}>
          <Button variant="default" onClick={zoom.half}>
            {t("zoomIn")}
          </Button>
          <Button variant="default" onClick={zoom.out}>
            {t("zoomOut")}
          </Button>
          {span === undefined ? null : (
            <CopyButtons
              question={{
                ids,
                start: isoOf(span.startMs, zone),
                end: isoOf(span.endMs, zone),
                points,
                origin: window.location.origin,
              }}
            />
          )}
        </div>
      </ChartTile>
      <Tile
        title={t("notes")}
        extra={
          mayWrite && paths.length > 0 ? (
            <Button variant="default" onClick={noteNow}>
              {t("addNote")}
            </Button>
          ) : null
        }
      >
        <Answered query={notes}>
          {({ items, next_cursor }) => (
            <>
              <Notes notes={items} zone={zone} />
              <Cut shown={items.length} isCut={next_cursor !== null} what="first" />
            </>
          )}
        </Answered>
      </Tile>
      {noteMs === undefined ? null : (
        <NoteDialog paths={paths} atMs={noteMs} zone={zone} onClose={() => setNoteMs(undefined)} />
      )}
    </div>
  );
}

function Loading() {
  const common = useTranslations("common");
  return <div className={styles.block} role="status" aria-label={common("loading")} />;
}

function SpanText({ span, zone }: { span: { startMs: number; endMs: number }; zone: string }) {
  const format = useFormats(zone);
  return (
    <span className="second">
      {`${format.dayTime(span.startMs)} – ${format.dayTime(span.endMs)} (${format.zone(span.endMs)})`}
    </span>
  );
}

function hasNumbers(line: readonly (number | null | undefined)[]): boolean {
  return line.some((cell) => typeof cell === "number");
}
