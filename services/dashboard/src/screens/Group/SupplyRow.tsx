/** A loss or a risk of a line for want of material: how long, where, which part, from whom. */
import { Link } from "@tanstack/react-router";
import { nameOf } from "../../shared/format";
import styles from "./lists.module.css";

interface Props {
  length: string;
  /** When it began or will begin, with its zone. */
  when: string;
  lines: readonly string[];
  materials: readonly string[];
  suppliers: readonly string[];
  sentence: string;
}

export function SupplyRow({ length, when, lines, materials, suppliers, sentence }: Props) {
  const facts = [...materials, ...new Set(suppliers)];
  return (
    <li>
      <div className={styles.facts}>
        <strong className={styles.length}>{length}</strong>
        {lines.map((line) => (
          <Link key={line} className={styles.line} to="/machine/$" params={{ _splat: line }}>
            {nameOf(line)}
          </Link>
        ))}
        <span>{facts.join(" · ")}</span>
        <span className={`second ${styles.when}`}>{when}</span>
      </div>
      <p className="second">{sentence}</p>
    </li>
  );
}
