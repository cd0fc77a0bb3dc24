/** What the API shows once: a key, a password, codes. With a button that copies it. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Dialog } from "../../shared/Dialog";
import { announce } from "../../shared/toasts";
import styles from "./parts.module.css";

interface Props {
  title: string;
  hint: string;
  secret: string;
  onClose: () => void;
}

export function SecretDialog({ title, hint, secret, onClose }: Props) {
  const t = useTranslations("settings.secret");
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.stack}>
        <p>{hint}</p>
        <SecretText secret={secret} label={title} />
        <div>
          <Button variant="default" onClick={onClose}>
            {t("done")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

export function SecretText({ secret, label }: { secret: string; label: string }) {
  const t = useTranslations("settings.secret");
  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      announce(t("copied"));
    } catch {
      announce(t("notCopied")); // without HTTPS a browser gives no clipboard
    }
  }
  return (
    <div className={styles.secret}>
      <code className={styles.code}>{secret}</code>
      <Button variant="default" onClick={() => void copy()} aria-label={`${t("copy")}: ${label}`}>
        {t("copy")}
      </Button>
    </div>
  );
}
