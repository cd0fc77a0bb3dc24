/** The state of a connector: a sign, a colour and its word. */
import { useTranslations } from "use-intl";
import type { Connector } from "../../api/connectors";
import styles from "./Connectors.module.css";
import { stateWord, type Tone, toneOf } from "./health";

const SIGNS: Readonly<Record<Tone, string>> = { good: "●", warn: "▲", bad: "■", rest: "○" };

export function StateWordMark({ connector }: { connector: Pick<Connector, "state" | "errors"> }) {
  const t = useTranslations("connectors");
  const word = stateWord(connector);
  const tone = toneOf(word);
  return (
    <span className={styles.state}>
      <span aria-hidden="true" className={styles[tone]}>
        {SIGNS[tone]}
      </span>{" "}
      {t(`states.${word}`)}
    </span>
  );
}
