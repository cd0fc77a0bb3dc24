/** The head of a screen: its name, and beside it what all of the screen is about. */
import type { ReactNode } from "react";
import styles from "./ScreenHead.module.css";

export function ScreenHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
