/** One bar of parts that add up to a whole, each with its colour and its pattern. */
import { useTranslations } from "use-intl";
import { patternOf } from "../../shared/charts/StatePatterns";
import { useFormats } from "../../shared/useFormats";
import styles from "./StackedBar.module.css";
import { type Part, type Segment, STATE_OF } from "./segments";

interface Props {
  name: string;
  segments: readonly Segment[];
}

export function StackedBar({ name, segments }: Props) {
  const t = useTranslations("plant");
  const format = useFormats();
  const words = (segment: Segment) =>
    `${t(`parts.${segment.part}`)} ${format.duration(segment.seconds)} (${format.share(segment.share)})`;
  if (segments.length === 0) return <span className="second">{t("nothingPlanned")}</span>;
  return (
    <svg
      className={styles.bar}
      role="img"
      aria-label={`${name}: ${segments.map(words).join(", ")}`}
    >
      {segments.map((segment) => (
        <g key={segment.part}>
          <title>{words(segment)}</title>
          <PartShape
            part={segment.part}
            x={`${segment.from * 100}%`}
            width={`${segment.share * 100}%`}
          />
        </g>
      ))}
    </svg>
  );
}

export function PartSwatch({ part }: { part: Part }) {
  return (
    <svg className={styles.swatch} aria-hidden="true">
      <PartShape part={part} x="0" width="100%" />
    </svg>
  );
}

function PartShape({ part, x, width }: { part: Part; x: string; width: string }) {
  const state = STATE_OF[part];
  const box = { x, width, y: 0, height: "100%" };
  const pattern = state === undefined ? `url(#pattern-${part})` : patternOf(state);
  return (
    <g className={state === undefined ? undefined : `state-${state}`}>
      <rect {...box} className={styles[part] ?? styles.plain} />
      {pattern === undefined ? null : <rect {...box} fill={pattern} />}
    </g>
  );
}

/** Patterns of the parts that are no state of a machine; once on a screen. */
export function TimePatterns() {
  return (
    <svg className={styles.hidden} aria-hidden="true" focusable="false">
      <defs>
        <pattern id="pattern-speed" width="8" height="8" patternUnits="userSpaceOnUse">
          <path className={styles.dark} d="M1 1L4 4L1 7" />
        </pattern>
        <pattern id="pattern-scrap" width="6" height="6" patternUnits="userSpaceOnUse">
          <path className={styles.light} d="M0 6L3 0L6 6" />
        </pattern>
      </defs>
    </svg>
  );
}
