/** Left: what is wrong, a group for each reason; the largest first. */
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { QuarantineGroup } from "../../api/quarantine";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import styles from "./GroupList.module.css";

interface Props {
  groups: readonly QuarantineGroup[];
  chosen: string | undefined;
  zone: string;
}

const PLACES = 3;

export function GroupList({ groups, chosen, zone }: Props) {
  const t = useTranslations("quality");
  return (
    <nav aria-label={t("groups")}>
      <ul className={styles.groups}>
        {groups.map((group) => (
          <li key={group.reason}>
            <Link
              className={styles.group}
              to="/quality"
              search={(before) => ({ ...before, reason: group.reason, entry: undefined })}
              aria-current={group.reason === chosen ? "true" : undefined}
            >
              <Group group={group} zone={zone} />
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Group({ group, zone }: { group: QuarantineGroup; zone: string }) {
  const t = useTranslations("quality");
  const format = useFormats(zone);
  const places = [...new Set(group.sources.map((one) => one.equipment ?? one.connector_id))];
  const more = group.sources_total - group.sources.length + Math.max(0, places.length - PLACES);
  return (
    <>
      <span className={styles.text}>{group.text}</span>
      <span className={styles.count} title={t("entriesHint", { entries: group.entries })}>
        {format.number(group.count)}
      </span>
      <span className={styles.place}>
        {places.slice(0, PLACES).map(nameOf).join(", ")}
        {more > 0 ? ` ${t("more", { count: more })}` : ""}
      </span>
      <span className={styles.times}>
        {t("firstLast", {
          first: format.dayTime(group.first_at),
          last: format.dayTime(group.last_at),
        })}
        {group.assigned > 0 ? ` · ${t("assigned", { count: group.assigned })}` : ""}
      </span>
    </>
  );
}
