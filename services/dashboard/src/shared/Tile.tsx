/** A card of a screen: its heading, what it answers, and the states of its query. */
import type { ReactNode } from "react";
import { useId } from "react";
import styles from "./Tile.module.css";

interface Props {
  title: ReactNode;
  extra?: ReactNode;
  children: ReactNode;
}

export function Tile({ title, extra, children }: Props) {
  const id = useId();
  return (
    <section className={styles.tile} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        {extra === undefined ? null : <div className={styles.extra}>{extra}</div>}
      </header>
      {children}
    </section>
  );
}
