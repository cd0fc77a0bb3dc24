/** The index by period with its path, goal, due date and forecast; arrows walk the periods. */
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { useFormats } from "../../shared/useFormats";
import { useZoneOf } from "../../shared/useHomeZone";
import { type IndexPicture, MARGIN, pictureOf } from "./chart";
import styles from "./IndexChart.module.css";

const HEIGHT = 260;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

export function IndexChart({ target }: { target: Target }) {
  const t = useTranslations("targets");
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number>();
  const picture = useMemo(() => pictureOf(target, width, HEIGHT), [target, width]);
  const spot = picture.points.find((point) => point.index === chosen);

  function walk(event: KeyboardEvent) {
    const last = target.series.length - 1;
    const step = STEPS[event.key];
    if (event.key === "Home") setChosen(0);
    else if (event.key === "End") setChosen(last);
    else if (step === undefined) return;
    else setChosen((at) => Math.min(Math.max((at ?? last + 1) + step, 0), last));
    event.preventDefault();
  }

  return (
    <div ref={ref} className={styles.chart}>
      <svg
        width="100%"
        height={HEIGHT}
        role="img"
        aria-label={t("index.label")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one tab stop; arrows walk inside it
        tabIndex={0}
        onKeyDown={walk}
        onPointerMove={(event) => {
          const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
          setChosen(nearest(picture, x));
        }}
      >
        <Grid picture={picture} width={width} />
        <Lines picture={picture} />
        {spot === undefined ? null : (
          <circle className={styles.chosen} cx={spot.x} cy={spot.y} r={6} />
        )}
        <Labels picture={picture} target={target} width={width} />
      </svg>
      <p className={styles.reading} aria-live="polite">
        <Reading target={target} index={chosen} />
      </p>
    </div>
  );
}

function Grid({ picture, width }: { picture: IndexPicture; width: number }) {
  const format = useFormats();
  const right = Math.max(width - MARGIN.right, MARGIN.left);
  return (
    <>
      {picture.shares.map(({ share, y }) => (
        <g key={share}>
          <line className={styles.grid} x1={MARGIN.left} x2={right} y1={y} y2={y} />
          <text className={styles.tick} x={MARGIN.left - 8} y={y + 4} textAnchor="end">
            {format.change(share)}
          </text>
        </g>
      ))}
      {picture.days.map(({ day, x }) => (
        <text key={day} className={styles.tick} x={x} y={HEIGHT - 6} textAnchor="middle">
          {format.day(day)}
        </text>
      ))}
      <line
        className={styles.zero}
        x1={MARGIN.left}
        x2={right}
        y1={picture.zeroY}
        y2={picture.zeroY}
      />
      <line
        className={styles.goal}
        x1={MARGIN.left}
        x2={right}
        y1={picture.goalY}
        y2={picture.goalY}
      />
    </>
  );
}

function Lines({ picture }: { picture: IndexPicture }) {
  const { forecast, now, due, points, runs } = picture;
  const last = points.at(-1);
  const text = (spots: readonly { x: number; y: number }[]) =>
    spots.map(({ x, y }) => `${x},${y}`).join(" ");
  return (
    <>
      <line
        className={styles.due}
        x1={due.x}
        x2={due.x}
        y1={MARGIN.top}
        y2={HEIGHT - MARGIN.bottom}
      />
      <polyline className={styles.path} points={text(picture.path)} />
      {forecast === undefined || last === undefined ? null : (
        <>
          <polygon
            className={styles.band}
            points={text([
              last,
              { x: forecast.at.x, y: forecast.highY },
              { x: forecast.at.x, y: forecast.lowY },
            ])}
          />
          <line
            className={styles.forecast}
            x1={last.x}
            y1={last.y}
            x2={forecast.at.x}
            y2={forecast.at.y}
          />
        </>
      )}
      {runs.map((run) => (
        <polyline key={run[0]?.x} className={styles.line} points={text(run)} />
      ))}
      {points.map(({ x, y, index }) => (
        <circle key={index} className={styles.point} cx={x} cy={y} r={3} />
      ))}
      {now === undefined ? null : (
        <rect className={styles.now} x={now.x - 4} y={now.y - 4} width={8} height={8} />
      )}
    </>
  );
}

function Labels({
  picture,
  target,
  width,
}: {
  picture: IndexPicture;
  target: Target;
  width: number;
}) {
  const t = useTranslations("targets");
  const format = useFormats();
  const isRight = picture.due.x > width / 2;
  return (
    <>
      <text className={styles.label} x={MARGIN.left + 8} y={picture.goalY - 6}>
        {t("index.goal", { goal: format.change(target.goal) })}
      </text>
      <text
        className={styles.label}
        x={picture.due.x + (isRight ? -6 : 6)}
        y={HEIGHT - MARGIN.bottom - 6}
        textAnchor={isRight ? "end" : "start"}
      >
        {t("index.due", { on: format.day(target.due_on, true) })}
      </text>
    </>
  );
}

function Reading({ target, index }: { target: Target; index: number | undefined }) {
  const t = useTranslations("targets");
  const format = useFormats(useZoneOf(target.under));
  const point = index === undefined ? undefined : target.series[index];
  if (point === undefined) return null;
  const span = {
    start: format.day(point.start, true),
    end: format.day(Date.parse(point.end) - 1, true),
    path: format.change(point.path_change),
  };
  return point.change === null
    ? t("index.noReading", span)
    : t("index.reading", { ...span, change: format.change(point.change) });
}

function nearest(picture: IndexPicture, x: number): number | undefined {
  let best: { index: number; distance: number } | undefined;
  for (const point of picture.points) {
    const distance = Math.abs(point.x - x);
    if (best === undefined || distance < best.distance) best = { index: point.index, distance };
  }
  return best?.index;
}
