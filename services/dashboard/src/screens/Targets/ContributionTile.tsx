/** What makes up the gap: a table with bars that begin at today's change and end at the goal. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { ChartTile } from "../../shared/ChartTile";
import { nameOf } from "../../shared/format";
import { ScrollBox } from "../../shared/ScrollBox";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./ContributionTile.module.css";
import shared from "./TargetsScreen.module.css";
import { type Bar, DIVISIONS, type Division, isDivision, partsBy, waterfallOf } from "./waterfall";

interface Props {
  target: Target;
  search: Partial<Record<string, string>>;
}

export function ContributionTile({ target, search }: Props) {
  const t = useTranslations("targets");
  const format = useFormats();
  const by: Division = isDivision(search.by) ? search.by : "loss";
  const { change, contributions, contributions_reason: reason } = target;
  const title = t("contributions.title");
  if (change === null || contributions.length === 0) {
    return (
      <Tile title={title}>
        <p className="second">
          {t("contributions.none", { reason: reason ?? target.reason ?? "–" })}
        </p>
      </Tile>
    );
  }
  const bars = waterfallOf(partsBy(contributions, by), change * 100, target.goal * 100);
  return (
    <ChartTile
      title={title}
      extra={
        <nav className={shared.choices} aria-label={t("contributions.by")}>
          {DIVISIONS.map((one) => (
            <Link
              key={one}
              className={shared.choice}
              to="/targets"
              search={{ ...search, by: one }}
              activeOptions={{ exact: true }}
              aria-current={one === by ? "true" : undefined}
              resetScroll={false}
            >
              {t(`contributions.divisions.${one}`)}
            </Link>
          ))}
        </nav>
      }
      chart={<Parts bars={bars} by={by} hasBars />}
      table={<Parts bars={bars} by={by} />}
    >
      <p className="second">
        {t("contributions.sum", { gap: format.points(target.goal - change) })}{" "}
        {t("contributions.hint")}
      </p>
    </ChartTile>
  );
}

interface PartsProps {
  bars: readonly Bar[];
  by: Division;
  hasBars?: boolean;
}

function Parts({ bars, by, hasBars = false }: PartsProps) {
  const t = useTranslations("targets");
  return (
    <ScrollBox label={t("contributions.title")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t(`contributions.divisions.${by}`)}</th>
            <th scope="col" className="number">
              {t("contributions.points")}
            </th>
            {hasBars ? <th scope="col">{t("contributions.bar")}</th> : null}
            <th scope="col" className="number">
              {t("contributions.changed")}
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <Row key={`${bar.kind} ${bar.part?.name}`} bar={bar} by={by} hasBar={hasBars} />
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function Row({ bar, by, hasBar }: { bar: Bar; by: Division; hasBar: boolean }) {
  const t = useTranslations("targets");
  const format = useFormats();
  const isTotal = bar.kind === "now" || bar.kind === "goal";
  const name = bar.part?.name;
  const text =
    bar.kind !== "part"
      ? t(`contributions.${bar.kind}`)
      : name === undefined
        ? t("contributions.nowhere")
        : by === "loss"
          ? lossText(t, name)
          : nameOf(name);
  return (
    <tr>
      <th scope="row" className={isTotal ? styles.total : styles.name} title={name}>
        {text}
      </th>
      <td className="number">
        {isTotal ? format.change(bar.points / 100) : format.points(bar.points / 100)}
      </td>
      {hasBar ? (
        <td className={styles.bar}>
          <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            <rect
              className={isTotal ? styles.whole : bar.points < 0 ? styles.better : styles.part}
              x={bar.from}
              width={bar.length}
              height={1}
            />
          </svg>
        </td>
      ) : null}
      <td className="number">
        {bar.part === undefined ? "" : format.points(bar.part.changePoints / 100)}
      </td>
    </tr>
  );
}

/** The name of a loss; a newer API may have one that this page does not know. */
export function lossText(t: ReturnType<typeof useTranslations<"targets">>, loss: string): string {
  const key = `losses.${loss}`;
  return t.has(key as never) ? t(key as never) : loss;
}
