/** Who changed what, when, from what to what, and why; and whether the chain holds. */
import { Button } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type AuditFilter, auditAddress, auditHead, auditLog } from "../../api/audit";
import { Answered } from "../../shared/Answered";
import { SelectField, TextField } from "../../shared/form/Field";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import { useMayI } from "../../shared/useMayI";
import { AuditTable } from "./AuditTable";
import styles from "./parts.module.css";

const SUBJECTS = [
  "annotation",
  "calendar",
  "connector",
  "energy_carrier",
  "equipment",
  "equipment_capacity",
  "key",
  "kpi_definition",
  "line_materials",
  "line_rate",
  "mapping",
  "material",
  "password",
  "policy",
  "quantity",
  "quarantine",
  "reason",
  "reason_code",
  "reason_order",
  "recovery_code",
  "replay",
  "session",
  "shift_report",
  "shortage_warning",
  "signal",
  "site",
  "stop",
  "stop_threshold",
  "supplier",
  "target",
  "totp",
  "user",
  "warehouse",
] as const;
const STARTS = ["all", "-24h", "-7d", "-28d"] as const;

export function AuditSection() {
  const t = useTranslations("settings.auditLog");
  const search = useSearch({ from: "/settings/$" });
  const filter = filterOf(search);
  const query = useInfiniteQuery(auditLog(filter));
  const mayVerify = useMayI("audit:read");
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {mayVerify ? <Chain /> : null}
      <Tile
        title={t("title")}
        extra={
          <a href={auditAddress(filter)} download>
            CSV
          </a>
        }
      >
        <Filters search={search} />
        <Answered query={query}>{() => <AuditTable entries={items} />}</Answered>
        {query.hasNextPage ? (
          <div>
            <Button variant="default" onClick={() => void query.fetchNextPage()}>
              {t("more")}
            </Button>
          </div>
        ) : null}
      </Tile>
    </>
  );
}

function filterOf(search: Partial<Record<string, string>>): AuditFilter {
  const { by, subject, subject_id, under, start } = search;
  const given = { by, subject, subject_id, under, start };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function Filters({ search }: { search: Partial<Record<string, string>> }) {
  const t = useTranslations("settings.auditLog");
  const navigate = useNavigate();
  const set = (name: string) => (value: string) => {
    const { [name]: _, ...rest } = search;
    const next = value === "" || value === "all" ? rest : { ...rest, [name]: value };
    void navigate({
      to: "/settings/$",
      params: { _splat: "audit" },
      search: next,
      replace: true,
      resetScroll: false,
    });
  };
  return (
    <search className={styles.filters}>
      <TypedFilter label={t("by")} value={search.by ?? ""} onChange={set("by")} />
      <SelectField
        label={t("subject")}
        value={SUBJECTS.find((one) => one === search.subject) ?? "all"}
        onChange={set("subject")}
        options={[
          { value: "all", label: t("all") },
          ...SUBJECTS.map((value) => ({ value, label: t(`subjects.${value}`) })).sort(
            (left, right) => left.label.localeCompare(right.label),
          ),
        ]}
      />
      <TypedFilter label={t("under")} value={search.under ?? ""} onChange={set("under")} />
      <SelectField
        label={t("period")}
        value={STARTS.find((one) => one === search.start) ?? "all"}
        onChange={set("start")}
        options={STARTS.map((value) => ({ value, label: t(`periods.${PERIOD_TEXTS[value]}`) }))}
      />
    </search>
  );
}

interface TypedProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A filter that asks once typing has paused, not at each letter. */
function TypedFilter({ label, value, onChange }: TypedProps) {
  const [typed, setTyped] = useState(value);
  const ask = useDebouncedCallback(onChange, TYPING_MS);
  return (
    <TextField
      type="search"
      label={label}
      value={typed}
      onChange={(text) => {
        setTyped(text);
        ask(text.trim());
      }}
    />
  );
}

const TYPING_MS = 400;
const PERIOD_TEXTS = { all: "ever", "-24h": "day", "-7d": "week", "-28d": "month" } as const;

/** The seal of the log; whoever reads the log of all plants may see it. */
function Chain() {
  const t = useTranslations("settings.auditLog");
  const query = useQuery(auditHead);
  const format = useFormats(useHomeZone());
  return (
    <Tile title={t("chain")}>
      <Answered query={query}>
        {(head) => (
          <>
            <p>
              {head.unsealed_id === null
                ? t("sealed", { count: format.number(head.seq) })
                : t("unsealed", { id: head.unsealed_id })}
            </p>
            <p className="second">
              {t("hash")} <code className={styles.code}>{head.hash}</code>
            </p>
            <p className="second">{t("verify")}</p>
          </>
        )}
      </Answered>
    </Tile>
  );
}
