/** What the productivity would be if losses shrank: chosen here, computed by the API. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { Target } from "../../api/targets";
import { Answered } from "../../shared/Answered";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { lossText } from "./ContributionTile";
import { gapText } from "./HeadlineTile";
import { chosenOf, FACTORS, playableLosses, scenarioText } from "./scenario";
import styles from "./TargetsScreen.module.css";

interface Props {
  target: Target;
  scenario: readonly string[];
  played: UseQueryResult<Target, Error>;
  search: Partial<Record<string, string>>;
}

export function ScenarioTile({ target, scenario, played, search }: Props) {
  const t = useTranslations("targets");
  const { losses, factor } = chosenOf(scenario);
  const playable = playableLosses(target.contributions);
  const searchWith = (text: string | undefined) => {
    const { scenario: _, ...rest } = search;
    return text === undefined ? rest : { ...rest, scenario: text };
  };
  const toggled = (loss: string) => {
    const next = new Set(losses);
    if (!next.delete(loss)) next.add(loss);
    return searchWith(scenarioText(next, factor));
  };
  if (playable.length === 0) return null;
  return (
    <Tile title={t("scenario.title")}>
      <nav className={styles.choices} aria-label={t("scenario.losses")}>
        {playable.map((loss) => (
          <Link
            key={loss}
            className={styles.choice}
            to="/targets"
            search={toggled(loss)}
            activeOptions={{ exact: true }}
            aria-current={losses.has(loss) ? "true" : undefined}
            resetScroll={false}
            replace
          >
            {lossText(t, loss)}
          </Link>
        ))}
      </nav>
      {losses.size === 0 ? null : (
        <nav className={styles.choices} aria-label={t("scenario.factor")}>
          <span className="second">{t("scenario.factor")}</span>
          {FACTORS.map((one) => (
            <Link
              key={one}
              className={styles.choice}
              to="/targets"
              search={searchWith(scenarioText(losses, one))}
              activeOptions={{ exact: true }}
              aria-current={one === factor ? "true" : undefined}
              resetScroll={false}
              replace
            >
              {/* A key of texts has no dot. */}
              {t(`scenario.factors.${FACTOR_TEXTS[one]}`)}
            </Link>
          ))}
        </nav>
      )}
      {scenario.length === 0 ? (
        <p className="second">{t("scenario.choose")}</p>
      ) : (
        <Answered query={played}>{(answer) => <Result answer={answer} />}</Answered>
      )}
      <p className="second">{t("scenario.hint")}</p>
    </Tile>
  );
}

const FACTOR_TEXTS = {
  "0.75": "threeQuarters",
  "0.5": "half",
  "0.25": "quarter",
  "0": "nothing",
} as const;

function Result({ answer }: { answer: Target }) {
  const t = useTranslations("targets");
  const format = useFormats();
  const { scenario } = answer;
  if (scenario === null) return null;
  if (scenario.change === null)
    return <p>{t("scenario.none", { reason: scenario.reason ?? "–" })}</p>;
  const gap = scenario.gap_points ?? 0;
  return (
    <div aria-live="polite">
      <p className={styles.result}>
        {t("scenario.result", {
          change: format.change(scenario.change),
          now: format.change(answer.change),
        })}
      </p>
      <p>
        {t("scenario.gained", { points: format.points((scenario.gained_points ?? 0) / 100) })}
        {" · "}
        {gap <= 0
          ? t("scenario.reached")
          : t("scenario.left", { gap: gapText(format.points(gap / 100)) })}
      </p>
    </div>
  );
}
