/** What counts as on time and in full: versions of policies, and a form for a new one. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type PolicyVersion, policies } from "../../api/policies";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { personOf } from "../../shared/format";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useHomeZone } from "../../shared/useHomeZone";
import { useMayI } from "../../shared/useMayI";
import { SupplyPolicyForm } from "./SupplyPolicyForm";

export function SupplyPolicies() {
  const t = useTranslations("supply");
  const format = useFormats(useHomeZone());
  const query = useQuery(policies);
  const mayChange = useMayI("policies:write");
  const [base, setBase] = useState<PolicyVersion | "new">();
  const word = (row: PolicyVersion, name: string) => String(row.document[name] ?? "–");
  return (
    <Tile title={t("policies")}>
      <p className="second">{t("policiesHint")}</p>
      <Answered query={query}>
        {({ items, next_cursor }) => (
          <DataTable
            label={t("policies")}
            columns={[
              {
                key: "owner",
                head: t("owner"),
                cell: ({ supplier }) => supplier ?? t("default"),
                sort: ({ supplier }) => supplier ?? "",
              },
              {
                key: "version",
                head: t("version"),
                align: "right",
                cell: ({ version }) => version,
                sort: ({ version }) => version,
              },
              {
                key: "from",
                head: t("validFrom"),
                cell: ({ valid_from }) => format.day(valid_from, true),
                sort: ({ valid_from }) => Date.parse(valid_from),
              },
              { key: "early", head: t("early"), cell: (row) => word(row, "early") },
              { key: "late", head: t("late"), cell: (row) => word(row, "late") },
              { key: "by", head: t("by"), cell: ({ created_by }) => personOf(created_by) },
              ...(mayChange
                ? [
                    {
                      key: "action",
                      head: "",
                      cell: (row: PolicyVersion) => (
                        <Button
                          variant="subtle"
                          size="compact-sm"
                          aria-label={`${t("newVersion")}: ${row.supplier ?? t("default")} ${row.version}`}
                          onClick={() => setBase(row)}
                        >
                          {t("newVersion")}
                        </Button>
                      ),
                    },
                  ]
                : []),
            ]}
            rows={items}
            isCut={next_cursor !== null}
            rowKey={({ supplier, version }) => `${supplier} ${version}`}
            empty={<Empty reason={t("noPolicies")} />}
          />
        )}
      </Answered>
      {mayChange ? (
        <div>
          <Button variant="default" onClick={() => setBase("new")}>
            {t("newVersion")}
          </Button>
        </div>
      ) : null}
      {base === undefined ? null : (
        <SupplyPolicyForm
          base={base === "new" ? undefined : base}
          onClose={() => setBase(undefined)}
        />
      )}
    </Tile>
  );
}
