/** Adds or changes a material of a line. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../../api/plants";
import type { LineMaterial } from "../../api/policies";
import { warehouses } from "../../api/warehouse";
import { Dialog } from "../../shared/Dialog";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { NumberField, SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { keyOf, withEntry } from "./supply";
import { useMaterials } from "./useMaterials";

interface Props {
  line: string;
  /** Undefined: a new one. */
  old: LineMaterial | undefined;
  onClose: () => void;
}

export function SupplyMaterialForm({ line, old, onClose }: Props) {
  const t = useTranslations("supply");
  const known = useQuery(plants).data?.items ?? [];
  const stores = useQuery(warehouses).data?.items ?? [];
  const zone = zoneOf(known, line);
  const [material, setMaterial] = useState(old?.material ?? "");
  const [warehouse, setWarehouse] = useState(old?.warehouse ?? "");
  const [perItem, setPerItem] = useState<number | null>(old?.quantity_per_item ?? 1);
  const [perHour, setPerHour] = useState<number | null>(old?.items_per_hour ?? null);
  const [minimum, setMinimum] = useState<number | null>(old?.minimum_quantity ?? 0);
  const [from, setFrom] = useState(old?.valid_from ?? "");
  const [to, setTo] = useState(old?.valid_to ?? "");
  // Where the API got the entry: its refusals point there.
  const [index, setIndex] = useState(0);
  const entry = {
    material,
    warehouse: warehouse || (stores[0]?.key ?? ""),
    quantity_per_item: perItem ?? 0, // the API refuses it at its field
    items_per_hour: perHour ?? 0,
    minimum_quantity: minimum ?? 0,
    valid_from: from === "" ? null : from,
    valid_to: to === "" ? null : to,
  };
  const at = (field: string) => `items/${index}/${field}`;
  const { run, problem } = useMaterials(line);

  async function save() {
    const done = await run((items) => {
      const next = withEntry(items, old === undefined ? undefined : keyOf(old), entry);
      setIndex(next?.index ?? 0);
      return next?.items;
    });
    if (done !== undefined) onClose();
  }

  return (
    <Dialog
      title={old === undefined ? t("addTitle") : t("editTitle", { material: old.material })}
      onClose={onClose}
    >
      <Form
        onSave={save}
        problem={problem}
        labels={{
          [at("material")]: t("material"),
          [at("warehouse")]: t("warehouse"),
          [at("quantity_per_item")]: t("perItem"),
          [at("items_per_hour")]: t("perHour"),
          [at("minimum_quantity")]: t("minimum"),
          [at("valid_from")]: t("validFrom"),
          [at("valid_to")]: t("validTo"),
        }}
        onCancel={onClose}
      >
        {(errorOf) => (
          <>
            <TextField
              label={t("material")}
              value={material}
              onChange={setMaterial}
              error={errorOf(at("material"))}
              isFirst
            />
            <SelectField
              label={t("warehouse")}
              value={warehouse}
              onChange={setWarehouse}
              options={stores.map(({ key, name }) => ({ value: key, label: name }))}
              error={errorOf(at("warehouse"))}
            />
            <NumberField
              label={t("perItem")}
              value={perItem}
              onChange={setPerItem}
              error={errorOf(at("quantity_per_item"))}
            />
            <NumberField
              label={t("perHour")}
              value={perHour}
              onChange={setPerHour}
              error={errorOf(at("items_per_hour"))}
            />
            <NumberField
              label={t("minimum")}
              value={minimum}
              onChange={setMinimum}
              error={errorOf(at("minimum_quantity"))}
            />
            <DateTimeField
              label={t("validFrom")}
              zone={zone}
              value={from}
              onChange={setFrom}
              error={errorOf(at("valid_from"))}
            />
            <DateTimeField
              label={t("validTo")}
              zone={zone}
              value={to}
              onChange={setTo}
              error={errorOf(at("valid_to"))}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
