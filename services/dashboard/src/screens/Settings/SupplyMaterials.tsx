/** The materials of a line: what it consumes, from where, how fast. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { consumers, type LineMaterial, lineMaterials } from "../../api/policies";
import { Answered } from "../../shared/Answered";
import { Cut } from "../../shared/Cut";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { SelectField } from "../../shared/form/Field";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import { SupplyMaterialForm } from "./SupplyMaterialForm";
import { keyOf, withoutEntry } from "./supply";
import { useMaterials } from "./useMaterials";

export function SupplyMaterials() {
  const t = useTranslations("supply");
  const navigate = useNavigate();
  const search = useSearch({ from: "/settings/$" });
  const lines = useQuery(consumers);
  const paths = (lines.data?.items ?? []).map(({ path }) => path);
  const line = search.line ?? paths[0];
  return (
    <Tile title={t("materials")}>
      <p className="second">{t("materialsHint")}</p>
      <Answered query={lines}>
        {() =>
          line === undefined ? (
            <Empty reason={t("noLines")} />
          ) : (
            <>
              <SelectField
                label={t("line")}
                value={line}
                options={paths.map((path) => ({ value: path, label: path }))}
                onChange={(chosen) =>
                  void navigate({ to: ".", search: (before) => ({ ...before, line: chosen }) })
                }
              />
              <MaterialsOf key={line} line={line} />
            </>
          )
        }
      </Answered>
    </Tile>
  );
}

function MaterialsOf({ line }: { line: string }) {
  const query = useQuery(lineMaterials(line));
  return (
    <Answered query={query}>
      {({ items, next_cursor }) => (
        <>
          <MaterialTable line={line} items={items.filter(({ equipment }) => equipment === line)} />
          <Cut what="first" shown={items.length} isCut={next_cursor !== null} />
        </>
      )}
    </Answered>
  );
}

function MaterialTable({ line, items }: { line: string; items: readonly LineMaterial[] }) {
  const t = useTranslations("supply");
  const format = useFormats();
  const mayChange = useMayI("supply:write");
  const [edited, setEdited] = useState<LineMaterial | "new">();
  const { run, problem } = useMaterials(line);
  return (
    <>
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      <DataTable
        label={t("materials")}
        columns={[
          {
            key: "material",
            head: t("material"),
            cell: ({ material }) => material,
            sort: ({ material }) => material,
          },
          { key: "warehouse", head: t("warehouse"), cell: ({ warehouse }) => warehouse },
          {
            key: "perItem",
            head: t("perItem"),
            align: "right",
            cell: ({ quantity_per_item }) => format.number(quantity_per_item, 2),
          },
          {
            key: "perHour",
            head: t("perHour"),
            align: "right",
            cell: ({ items_per_hour }) => format.number(items_per_hour, 1),
          },
          {
            key: "minimum",
            head: t("minimum"),
            align: "right",
            cell: ({ minimum_quantity }) => format.number(minimum_quantity),
          },
          ...(mayChange
            ? [
                {
                  key: "actions",
                  head: "",
                  cell: (item: LineMaterial) => (
                    <>
                      <Button
                        variant="subtle"
                        size="compact-sm"
                        aria-label={`${t("edit")}: ${item.material}`}
                        onClick={() => setEdited(item)}
                      >
                        {t("edit")}
                      </Button>
                      <Button
                        variant="subtle"
                        size="compact-sm"
                        aria-label={`${t("remove")}: ${item.material}`}
                        onClick={() => void run((newest) => withoutEntry(newest, keyOf(item)))}
                      >
                        {t("remove")}
                      </Button>
                    </>
                  ),
                },
              ]
            : []),
        ]}
        rows={items}
        rowKey={keyOf}
        empty={<Empty reason={t("noMaterials")} />}
      />
      {mayChange ? (
        <div>
          <Button variant="default" onClick={() => setEdited("new")}>
            {t("add")}
          </Button>
        </div>
      ) : null}
      {edited === undefined ? null : (
        <SupplyMaterialForm
          line={line}
          old={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </>
  );
}
