/** What there is not, why, and what to do about it. */
import type { ReactNode } from "react";
import styles from "./Empty.module.css";

interface Props {
  reason: ReactNode;
  /** A link or button that helps. */
  action?: ReactNode;
}

export function Empty({ reason, action }: Props) {
  return (
    <div className={styles.empty}>
      <p>{reason}</p>
      {action === undefined ? null : <div>{action}</div>}
    </div>
  );
}
