/** Asks once before something ends, and says why where it was refused. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../../shared/Dialog";
import { ProblemNotice } from "../../shared/ProblemNotice";
import type { Action } from "../../shared/useAction";
import styles from "./parts.module.css";

interface Props {
  title: string;
  text: string;
  /** The words of the button that does it. */
  act: string;
  action: Action<void, unknown>;
  onClose: () => void;
  children?: ReactNode;
}

export function Confirm({ title, text, act, action, onClose, children }: Props) {
  const common = useTranslations("common");
  const run = async () => {
    if ((await action.run()) !== undefined) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.stack}>
        <p>{text}</p>
        {children}
        {action.problem === undefined ? null : <ProblemNotice error={action.problem} />}
        <div className={styles.buttons}>
          <Button onClick={() => void run()}>{act}</Button>
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
