/** One target on a page: how far, on which way, by what, and what would help. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { target } from "../../api/targets";
import { Answered } from "../../shared/Answered";
import { useMayI } from "../../shared/useMayI";
import { ComparableTile } from "./ComparableTile";
import { ContributionTile } from "./ContributionTile";
import { EndTarget } from "./EndTarget";
import { ForecastTile } from "./ForecastTile";
import { HeadlineTile } from "./HeadlineTile";
import { IndexTile } from "./IndexTile";
import { ScenarioTile } from "./ScenarioTile";
import { scenarioOf } from "./scenario";
import styles from "./TargetsScreen.module.css";

interface Props {
  of: string;
  search: Partial<Record<string, string>>;
}

export function TargetPage({ of, search }: Props) {
  const t = useTranslations("targets");
  const maySet = useMayI("targets:write");
  const [isEnding, setEnding] = useState(false);
  const scenario = scenarioOf(search.scenario);
  const query = useQuery(target(of));
  const played = useQuery({ ...target(of, scenario), enabled: scenario.length > 0 });
  return (
    <Answered query={query}>
      {(data) => (
        <>
          <div className={styles.head}>
            <h1>{data.name}</h1>
            <span className="second">{data.under.join(", ")}</span>
            <div className={styles.actions}>
              <Button variant="default" onClick={() => window.print()}>
                {t("print")}
              </Button>
              {maySet ? (
                <>
                  <Link className={styles.choice} to="/targets" search={{ target: of, edit: of }}>
                    {t("change")}
                  </Link>
                  <Button variant="default" onClick={() => setEnding(true)}>
                    {t("end")}
                  </Button>
                </>
              ) : null}
            </div>
          </div>
          <div className={styles.tiles}>
            <HeadlineTile target={data} />
            <IndexTile target={data} />
            <ContributionTile target={data} search={search} />
            <ForecastTile target={data} />
            <ScenarioTile target={data} scenario={scenario} played={played} search={search} />
            <ComparableTile target={data} />
          </div>
          {isEnding ? <EndTarget target={data} onClose={() => setEnding(false)} /> : null}
        </>
      )}
    </Answered>
  );
}
