/** Which connectors of an equipment are silent: what stands beside it is old. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import styles from "./SilentConnectors.module.css";

export function SilentConnectors({ names }: { names: readonly string[] }) {
  const common = useTranslations("common");
  if (names.length === 0) return null;
  return (
    <p className={styles.silent}>
      <Link to="/connectors">{common("silentConnectors", { names: names.join(", ") })}</Link>
    </p>
  );
}
