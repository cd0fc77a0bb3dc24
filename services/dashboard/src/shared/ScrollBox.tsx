/** A box that scrolls where its table is wider than the page; the keyboard scrolls it, too. */
import type { ReactNode, Ref } from "react";
import styles from "./ScrollBox.module.css";

interface Props {
  label: string;
  /** Whether a long table scrolls inside the box, too. */
  isLow?: boolean;
  children: ReactNode;
  ref?: Ref<HTMLDivElement>;
}

export function ScrollBox({ label, isLow = false, children, ref }: Props) {
  return (
    // A group and no section: its tile is a landmark of the same name.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form
    <div
      className={isLow ? `${styles.box} ${styles.low}` : styles.box}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes focus
      tabIndex={0}
      aria-label={label}
      ref={ref}
    >
      {children}
    </div>
  );
}
