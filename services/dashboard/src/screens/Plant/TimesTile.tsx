/** Where the planned busy time of each line went: one stacked bar a line, or a table. */
import { useTranslations } from "use-intl";
import type { OverviewItem } from "../../api/overview";
import { ChartTile } from "../../shared/ChartTile";
import { StatePatterns } from "../../shared/charts/StatePatterns";
import { Empty } from "../../shared/Empty";
import { ScrollBox } from "../../shared/ScrollBox";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { PartSwatch, StackedBar, TimePatterns } from "./StackedBar";
import { type Segment, segmentsOf } from "./segments";
import styles from "./TimesTile.module.css";

interface Props {
  plant: OverviewItem;
  lines: readonly OverviewItem[];
}

export function TimesTile({ plant, lines }: Props) {
  const t = useTranslations("plant");
  const period = t(plant.now === null ? "sevenDays" : "thisShift");
  const whole = segmentsOf((plant.now ?? plant.week).times_s);
  const rows = lines.map((line) => ({
    line,
    segments: segmentsOf((line.now ?? line.week).times_s),
  }));
  const title = t("where");
  if (whole.length === 0) {
    return (
      <Tile title={`${title} · ${period}`}>
        <Empty reason={t("nothingPlanned")} />
      </Tile>
    );
  }
  return (
    <ChartTile
      title={`${title} · ${period}`}
      table={<TimesTable whole={whole} rows={rows} />}
      chart={
        <>
          <StatePatterns />
          <TimePatterns />
          <dl className={styles.bars}>
            {rows.map(({ line, segments }) => (
              <div key={line.equipment} className={styles.row}>
                <dt>{line.name}</dt>
                <dd>
                  <StackedBar name={line.name} segments={segments} />
                </dd>
              </div>
            ))}
          </dl>
          <Legend segments={whole} />
        </>
      }
    />
  );
}

function Legend({ segments }: { segments: readonly Segment[] }) {
  const t = useTranslations("plant");
  const format = useFormats();
  return (
    <ul className={styles.legend}>
      {segments
        .toSorted((left, right) => right.seconds - left.seconds)
        .map(({ part, seconds }) => (
          <li key={part}>
            <PartSwatch part={part} /> {t(`parts.${part}`)}{" "}
            <strong>{format.duration(seconds)}</strong>
          </li>
        ))}
    </ul>
  );
}

interface TableProps {
  whole: readonly Segment[];
  rows: readonly { line: OverviewItem; segments: readonly Segment[] }[];
}

function TimesTable({ whole, rows }: TableProps) {
  const t = useTranslations("plant");
  const format = useFormats();
  return (
    <ScrollBox label={t("where")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("line")}</th>
            {whole.map(({ part }) => (
              <th key={part} scope="col" className="number">
                {t(`parts.${part}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, segments }) => (
            <tr key={line.equipment}>
              <th scope="row">{line.name}</th>
              {whole.map(({ part }) => (
                <td key={part} className="number">
                  {format.duration(segments.find((one) => one.part === part)?.seconds ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
