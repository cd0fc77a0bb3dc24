/** One connector: what is wrong and what to do, its facts, gaps and last changes. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type ConnectorDetail, type ConnectorError, connector } from "../../api/connectors";
import { Answered } from "../../shared/Answered";
import { ScrollBox } from "../../shared/ScrollBox";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import styles from "./Connectors.module.css";
import { FactsTile } from "./FactsTile";
import { GapsTile } from "./GapsTile";
import { StateWordMark } from "./StateWordMark";

interface Props {
  name: string;
  zone: string;
}

export function ConnectorDetailPart({ name, zone }: Props) {
  const t = useTranslations("connectors");
  const query = useQuery(connector(name));
  return (
    <div className={styles.detail}>
      <Tile title={name}>
        <Answered query={query}>
          {(data) => (
            <>
              <p>
                <StateWordMark connector={data} />
                {data.errors.length === 0 ? ` · ${t("nothingWrong")}` : null}
              </p>
              {data.errors.map((error) => (
                <ErrorPart key={error.code} error={error} />
              ))}
              {Object.entries(data.findings).map(([kind, text]) => (
                <p key={kind} lang="en">
                  {text}
                </p>
              ))}
            </>
          )}
        </Answered>
      </Tile>
      <GapsTile name={name} zone={zone} />
      {query.data === undefined ? null : (
        <div className={styles.columns}>
          <FactsTile connector={query.data} zone={zone} />
          <ChangesTile connector={query.data} zone={zone} />
        </div>
      )}
    </div>
  );
}

export function ErrorPart({ error }: { error: ConnectorError }) {
  const t = useTranslations("connectors");
  return (
    <div className={styles.error}>
      <strong>{error.text}</strong>
      <p>{error.hint}</p>
      {error.detail === "" ? null : (
        <details>
          <summary>{t("technical")}</summary>
          <p className={styles.technical} lang="en">
            {error.detail}
          </p>
        </details>
      )}
    </div>
  );
}

function ChangesTile({ connector: shown, zone }: { connector: ConnectorDetail; zone: string }) {
  const t = useTranslations("connectors");
  const format = useFormats(zone);
  return (
    <Tile title={t("messages")}>
      {shown.changes.length === 0 ? (
        <p className="second">{t("noMessages")}</p>
      ) : (
        <ScrollBox label={t("messages")} isLow>
          <table>
            <tbody>
              {shown.changes.map((change) => (
                <tr key={`${change.at} ${change.state}`}>
                  <td className="number">
                    {format.day(change.at)} {format.time(change.at, true)}
                  </td>
                  <td>
                    <StateWordMark connector={{ state: change.state, errors: [] }} />
                  </td>
                  <td>{change.error?.text ?? <span lang="en">{change.detail}</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Tile>
  );
}
