/** The tree of reasons as a table: what is below another is indented. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { useLanguage } from "../../i18n/LanguageProvider";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import styles from "./parts.module.css";
import type { Reason } from "./ReasonsSection";
import tree from "./ReasonTable.module.css";

interface Props {
  reasons: readonly Reason[];
  mayChange: boolean;
  /** Null: of the standard. Only those of the shown place are changed here. */
  plant: string | null;
  onOpen: (reason: Reason) => void;
  onMove: (reason: Reason, by: -1 | 1) => void;
}
const LEVELS = [tree.first, tree.second, tree.third] as const;

export function ReasonTable({ reasons, mayChange, plant, onOpen, onMove }: Props) {
  const t = useTranslations("settings.reasonTree");
  const { language } = useLanguage();
  const nameIn = (reason: Reason) => (language === "de" ? reason.name_de : reason.name_en);
  const isOwn = (reason: Reason) => reason.plant === plant;
  return (
    <DataTable<Reason>
      label={t("title")}
      rows={reasons}
      rowKey={(reason) => `${reason.plant ?? ""} ${reason.code}`}
      empty={<Empty reason={t("none")} />}
      {...(mayChange ? { onOpen: (reason) => isOwn(reason) && onOpen(reason) } : {})}
      columns={[
        {
          key: "name",
          head: t("name"),
          cell: (reason) => (
            <span className={LEVELS[Math.min(reason.path.length, LEVELS.length) - 1]}>
              {nameIn(reason)} <span className="second">{reason.code}</span>
              {reason.retired ? <span className="second"> · {t("retired")}</span> : null}
            </span>
          ),
        },
        {
          key: "category",
          head: t("category"),
          cell: (reason) =>
            reason.category !== null && t.has(`categories.${reason.category}` as never)
              ? t(`categories.${reason.category}` as never)
              : "–",
        },
        {
          key: "counts",
          head: t("counts"),
          cell: (reason) => t(reason.counts_against_availability ? "yes" : "no"),
        },
        {
          key: "of",
          head: t("of"),
          cell: (reason) => reason.plant ?? t("standard"),
        },
        {
          key: "order",
          head: <span className="visually-hidden">{t("order")}</span>,
          align: "right",
          cell: (reason) =>
            mayChange && isOwn(reason) ? (
              <span className={styles.rowButtons}>
                <Button
                  variant="subtle"
                  aria-label={`${t("up")}: ${nameIn(reason)}`}
                  onClick={() => onMove(reason, -1)}
                >
                  ↑
                </Button>
                <Button
                  variant="subtle"
                  aria-label={`${t("down")}: ${nameIn(reason)}`}
                  onClick={() => onMove(reason, 1)}
                >
                  ↓
                </Button>
              </span>
            ) : null,
        },
      ]}
    />
  );
}
