/** What a version would change of what was received, and its activation. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { activateMapping, diffMapping, MAPPINGS, type MappingDiff } from "../../api/mappings";
import { Dialog } from "../../shared/Dialog";
import { SelectField } from "../../shared/form/Field";
import { Impact } from "../../shared/mapping/Impact";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { usePreview } from "../../shared/usePreview";
import styles from "./Mapping.module.css";

const SPANS = ["-1h", "-24h", "-7d"] as const;
type Span = (typeof SPANS)[number];

interface Props {
  name: string;
  version: number;
  active: number | undefined;
  zone: string;
}

export function MappingCheck({ name, version, active, zone }: Props) {
  const t = useTranslations("mappings");
  const [span, setSpan] = useState<Span>("-1h");
  const [isAsking, setAsking] = useState(false);
  const check = usePreview(span, (start: Span) =>
    diffMapping({ name, version, start, budget_s: 15 }),
  );
  const diff = check.preview;
  return (
    <Tile title={t("check", { version })}>
      <div className={styles.choices}>
        <SelectField
          label={t("span")}
          value={span}
          options={SPANS.map((one) => ({ value: one, label: t(`spans.${one}`) }))}
          onChange={setSpan}
        />
        <Button variant="default" loading={check.isRunning} onClick={() => void check.look()}>
          {t("compareInput")}
        </Button>
        {version === active ? null : (
          <Button
            onClick={() => {
              setAsking(true);
              if (diff === undefined) void check.look();
            }}
          >
            {t("activate")}
          </Button>
        )}
      </div>
      {version === active ? <p className="second">{t("isActive")}</p> : null}
      {check.problem === undefined ? null : <ProblemNotice error={check.problem} />}
      {diff === undefined || isAsking ? null : <Impact diff={diff} zone={zone} />}
      {isAsking ? (
        <Activation {...{ name, version, active, zone, diff }} onClose={() => setAsking(false)} />
      ) : null}
    </Tile>
  );
}

interface ActivationProps extends Props {
  diff: MappingDiff | undefined;
  onClose: () => void;
}

function Activation({ name, version, active, zone, diff, onClose }: ActivationProps) {
  const t = useTranslations("mappings");
  const common = useTranslations("common");
  const action = useAction(() => activateMapping(name, version), {
    invalidates: [MAPPINGS, ["connectors"]],
    done: t("isNowActive", { label: `${name}@${version}` }),
    ...(active === undefined ? {} : { undo: () => activateMapping(name, active) }),
  });
  return (
    <Dialog title={t("ask", { label: `${name}@${version}` })} onClose={onClose} size="lg">
      <div className={styles.dialog}>
        <p>{active === undefined ? t("replacesEdges") : t("replaces", { version: active })}</p>
        {diff === undefined ? null : <Impact diff={diff} zone={zone} />}
        {action.problem === undefined ? null : <ProblemNotice error={action.problem} />}
        <div className={styles.choices}>
          <Button
            data-autofocus
            loading={action.isRunning}
            onClick={() => void action.run(undefined).then((done) => done && onClose())}
          >
            {t("activate")}
          </Button>
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
