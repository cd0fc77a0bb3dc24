/** The message that a partner sent, as it came. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { eventOf } from "../../api/events";
import { Answered } from "../../shared/Answered";
import { Dialog } from "../../shared/Dialog";
import { rawText } from "./rawText";
import styles from "./SupplyChain.module.css";

interface Props {
  eventId: string;
  title: string;
  onClose: () => void;
}

export function RawMessage({ eventId, title, onClose }: Props) {
  const t = useTranslations("machine.chain");
  const query = useQuery(eventOf(eventId));
  return (
    <Dialog title={title} onClose={onClose} size="xl">
      <Answered query={query}>
        {({ raw }) => {
          const text = rawText(raw?.base64);
          if (text === undefined) return <p className="second">{raw?.note || t("noRaw")}</p>;
          return (
            <pre className={styles.raw}>
              <code>{text}</code>
            </pre>
          );
        }}
      </Answered>
    </Dialog>
  );
}
