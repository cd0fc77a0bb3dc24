/** The materials of a line: what it consumes, from where, how fast. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { consumers, type LineMaterial, lineMaterials, setLineMaterials } from "../../api/policies";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { SelectField } from "../../shared/form/Field";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";
import { SupplyMaterialForm } from "./SupplyMaterialForm";
import { entryOf } from "./supply";

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
      {({ items }) => (
        <MaterialTable line={line} items={items.filter(({ equipment }) => equipment === line)} />
      )}
    </Answered>
  );
}

function MaterialTable({ line, items }: { line: string; items: readonly LineMaterial[] }) {
  const t = useTranslations("supply");
  const format = useFormats();
  const mayChange = useMayI("supply:write");
  const [edited, setEdited] = useState<number | "new">();
  const former = items.map(entryOf);
  const { run, problem } = useAction(
    (index: number) =>
      setLineMaterials(
        line,
        former.filter((_, one) => one !== index),
      ),
    {
      invalidates: [["line_materials"], ["days_of_supply"], ["shortage_warnings"]],
      done: t("materialsSaved"),
      undo: () => setLineMaterials(line, former),
    },
  );
  const indexOf = (item: LineMaterial) => items.indexOf(item);
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
                        onClick={() => setEdited(indexOf(item))}
                      >
                        {t("edit")}
                      </Button>
                      <Button
                        variant="subtle"
                        size="compact-sm"
                        aria-label={`${t("remove")}: ${item.material}`}
                        onClick={() => void run(indexOf(item))}
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
        rowKey={({ material, warehouse, valid_from }) => `${material} ${warehouse} ${valid_from}`}
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
          items={items}
          index={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </>
  );
}
