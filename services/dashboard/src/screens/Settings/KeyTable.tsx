/** The keys in a table: what each may do, for which plants, until when, and when it was used. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { ApiKey } from "../../api/keys";
import { DataTable } from "../../shared/DataTable";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import styles from "./parts.module.css";

interface Props {
  rows: readonly ApiKey[];
  isCut: boolean;
  onRotate: (key: ApiKey) => void;
  onRevoke: (key: ApiKey) => void;
  empty: ReactNode;
}

export function KeyTable({ rows, isCut, onRotate, onRevoke, empty }: Props) {
  const t = useTranslations("settings.keys");
  const all = useTranslations("settings");
  const zone = useHomeZone();
  const format = useFormats(zone);
  const scope = (name: string) =>
    t.has(`scopeNames.${name}` as never) ? t(`scopeNames.${name}` as never) : name;
  const time = (at: string | null) => (at === null ? "–" : format.dayTime(at));
  return (
    <DataTable
      label={`${t("title")} (${format.zone(Date.now())})`}
      rows={rows}
      isCut={isCut}
      rowKey={(key) => key.prefix}
      empty={empty}
      columns={[
        {
          key: "name",
          head: t("name"),
          cell: (key) => (
            <>
              {key.name} <span className="second">{key.prefix}</span>
            </>
          ),
          sort: (key) => key.name,
        },
        {
          key: "rights",
          head: t("rights"),
          cell: (key) =>
            key.role === null ? key.scopes.map(scope).join(", ") : all(`roles.${roleOf(key.role)}`),
        },
        {
          key: "plants",
          head: t("plants"),
          cell: (key) =>
            key.plants === null ? all("allPlants") : key.plants.map(nameOf).join(", "),
        },
        {
          key: "used",
          head: t("lastUsed"),
          cell: (key) => (key.last_used_at === null ? t("never") : time(key.last_used_at)),
          sort: (key) => key.last_used_at,
        },
        {
          key: "expires",
          head: t("expires"),
          cell: (key) =>
            key.revoked_at !== null ? (
              t("revokedAt", { at: time(key.revoked_at) })
            ) : (
              <>
                {key.expires_at === null ? t("neverExpires") : format.day(key.expires_at, true)}
                {key.former_valid_until === null ? null : (
                  <span className="second">
                    {" "}
                    {t("formerUntil", { at: time(key.former_valid_until) })}
                  </span>
                )}
              </>
            ),
          sort: (key) => key.expires_at,
        },
        {
          key: "actions",
          head: <span className="visually-hidden">{t("actions")}</span>,
          align: "right",
          cell: (key) =>
            key.revoked_at !== null ? null : (
              <span className={styles.rowButtons}>
                <Button
                  variant="subtle"
                  aria-label={`${t("rotate")}: ${key.name}`}
                  onClick={() => onRotate(key)}
                >
                  {t("rotate")}
                </Button>
                <Button
                  variant="subtle"
                  aria-label={`${t("revoke")}: ${key.name}`}
                  onClick={() => onRevoke(key)}
                >
                  {t("revoke")}
                </Button>
              </span>
            ),
        },
      ]}
    />
  );
}

export const ROLES = ["viewer", "operator", "planner", "engineer", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** The role by its name; a newer API may have one that this page does not know. */
export function roleOf(text: string): Role | "other" {
  return ROLES.find((role) => role === text) ?? "other";
}
