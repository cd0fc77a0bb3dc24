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
import { GoLive } from "./GoLive";
import type { Session } from "./security";
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
  // With the name that it was made for.
  const [made, setMade] = useState<{ name: string; suggestion: Schemas["SuggestionView"] }>();
  const [isAsked, setAsked] = useState(false);
  const wrongName = /^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) ? undefined : t("nameHint");
  const wrongNodes =
    nodes.length === 0 ? t("chooseNode") : nodes.length > NODES_MAX ? t("tooMany") : undefined;

  async function suggest() {
    setAsked(true);
    if (wrongName !== undefined || wrongNodes !== undefined) return;
    const view = await run({ action: "suggest", ...session, nodes: [...nodes], connector: name });
    const suggestion = view?.suggestion ?? undefined;
    setMade(suggestion === undefined ? undefined : { name, suggestion });
  }

  return (
    <>
      <form
        className={styles.steps}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void suggest();
        }}
      >
        <p role="status">{t("chosen", { count: nodes.length, max: NODES_MAX })}</p>
        {isAsked && wrongNodes !== undefined ? <p role="alert">{wrongNodes}</p> : null}
        <TextField
          label={t("name")}
          hint={t("nameHint")}
          error={isAsked ? wrongName : undefined}
          value={name}
          onChange={setName}
        />
        <div className={styles.buttons}>
          <Button type="submit" loading={isRunning}>
            {t("suggest")}
          </Button>
        </div>
      </form>
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      {failure === undefined ? null : <ErrorPart error={failure} />}
      {made === undefined ? null : (
        <>
          <Shown suggestion={made.suggestion} />
          <GoLive
            key={made.suggestion.document}
            name={made.name}
            edge={edge}
            suggested={made.suggestion.document}
          />
        </>
      )}
    </>
  );
}

function Shown({ suggestion }: { suggestion: Schemas["SuggestionView"] }) {
  const t = useTranslations("connectors.connect");
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
    </>
  );
}
