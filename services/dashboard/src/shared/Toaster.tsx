/** The place of short news: a polite live region at the bottom, with the button that undoes. */
import { Button } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";
import styles from "./Toaster.module.css";
import { dismiss, toasts } from "./toasts";

export function Toaster() {
  const common = useTranslations("common");
  const shown = useSyncExternalStore(toasts.subscribe, toasts.current);
  return (
    <div className={styles.place} role="status" aria-live="polite">
      {shown.map(({ id, text, undo }) => (
        <div key={id} className={styles.toast}>
          <span>{text}</span>
          {undo === undefined ? null : (
            <Button
              variant="subtle"
              onClick={() => {
                dismiss(id);
                void undo();
              }}
            >
              {common("undo")}
            </Button>
          )}
          <Button variant="subtle" onClick={() => dismiss(id)}>
            {common("close")}
          </Button>
        </div>
      ))}
    </div>
  );
}
