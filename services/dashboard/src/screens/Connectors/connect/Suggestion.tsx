/** A suggested edge file for the chosen nodes, with the values that they have now. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../../api/client";
import { TextField } from "../../../shared/form/Field";
import { NO_VALUE } from "../../../shared/format";
import { ProblemNotice } from "../../../shared/ProblemNotice";
import { ScrollBox } from "../../../shared/ScrollBox";
import { ErrorPart } from "../ConnectorDetail";
import styles from "../Connectors.module.css";
import type { Session } from "./ServerNodes";
import { useExploration } from "./useExploration";

interface Props {
  edge: string;
  session: Session;
  nodes: readonly string[];
}

const NODES_MAX = 20;

export function Suggestion({ edge, session, nodes }: Props) {
  const t = useTranslations("connectors.connect");
  const [name, setName] = useState("");
  const { run, failure, problem, isRunning } = useExploration(edge);
  const [suggestion, setSuggestion] = useState<Schemas["SuggestionView"]>();
  const [error, setError] = useState<string>();

  async function suggest() {
    const isWrong = !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name);
    setError(isWrong ? t("nameHint") : undefined);
    if (isWrong || nodes.length === 0 || nodes.length > NODES_MAX) return;
    const view = await run({ action: "suggest", ...session, nodes: [...nodes], connector: name });
    setSuggestion(view?.suggestion ?? undefined);
  }

  return (
    <>
      <p role="status">{t("chosen", { count: nodes.length, max: NODES_MAX })}</p>
      <TextField
        label={t("name")}
        hint={t("nameHint")}
        error={error}
        value={name}
        onChange={setName}
      />
      <div className={styles.buttons}>
        <Button loading={isRunning} onClick={() => void suggest()}>
          {t("suggest")}
        </Button>
      </div>
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      {failure === undefined ? null : <ErrorPart error={failure} />}
      {suggestion === undefined ? null : <Shown suggestion={suggestion} name={name} />}
    </>
  );
}

function Shown({ suggestion, name }: { suggestion: Schemas["SuggestionView"]; name: string }) {
  const t = useTranslations("connectors.connect");
  const file = `${name}.yaml`;
  const href = `data:application/yaml;charset=utf-8,${encodeURIComponent(suggestion.document)}`;
  return (
    <>
      <h3>{t("preview")}</h3>
      <ScrollBox label={t("preview")} isLow>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("variable")}</th>
              <th scope="col">{t("signal")}</th>
              <th scope="col">{t("role")}</th>
              <th scope="col" className="number">
                {t("valueNow")}
              </th>
            </tr>
          </thead>
          <tbody>
            {suggestion.variables.map((row) => (
              <tr key={row.address}>
                <td title={row.address}>{row.path}</td>
                <td>
                  {row.equipment ?? NO_VALUE} · {row.signal ?? NO_VALUE}
                </td>
                <td>{row.role ?? NO_VALUE}</td>
                <td className="number">
                  {row.value ?? NO_VALUE} {row.unit ?? ""}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <h3>{t("edgeFile")}</h3>
      <p>{t("start", { file })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes focus */}
      <pre className={styles.document} tabIndex={0} lang="en">
        {suggestion.document}
      </pre>
      <div className={styles.buttons}>
        <a href={href} download={file}>
          {t("download", { file })}
        </a>
      </div>
    </>
  );
}
