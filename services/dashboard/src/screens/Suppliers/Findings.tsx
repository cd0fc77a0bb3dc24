/** What contradicts itself in the messages of a supplier, with its remedy and its messages. */
import { useTranslations } from "use-intl";
import type { Finding } from "../../api/findings";
import { useFormats } from "../../shared/useFormats";
import { MessageLink } from "./MessageLink";
import styles from "./SuppliersScreen.module.css";

export function Findings({ findings, zone }: { findings: readonly Finding[]; zone: string }) {
  const t = useTranslations("suppliers");
  const format = useFormats(zone);
  if (findings.length === 0) return <p className="second">{t("noFindings")}</p>;
  return (
    <ul className={styles.findings}>
      {findings.map((finding) => (
        <li key={finding.key}>
          <p>
            <span className="second">{format.dayTime(finding.at)}</span> {finding.text}
          </p>
          <p className={styles.links}>
            {finding.messages.map(({ event_id }, index) => (
              <MessageLink
                key={event_id}
                event={event_id}
                text={`${t("message")} ${index + 1}`}
                label={`${t("message")} ${index + 1}: ${finding.text}`}
              />
            ))}
          </p>
        </li>
      ))}
    </ul>
  );
}
