/** Makes adjacent stops one; where their states differ, a person chooses the one that holds. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../../api/client";
import type { Stop } from "../../../api/stops";
import { SelectField } from "../../../shared/form/Field";
import { machineState } from "../../../shared/states";
import styles from "./StopPanel.module.css";

type StopMerge = Schemas["StopMerge"];
type StateName = NonNullable<StopMerge["state"]>;

interface Props {
  stops: readonly Stop[];
  onMerge: (body: StopMerge) => Promise<void>;
}

export function MergeForm({ stops, onMerge }: Props) {
  const t = useTranslations("machine.entry");
  const states = useTranslations("states");
  const found = [...new Set(stops.map(({ state }) => state))];
  const longest = stops.toSorted((left, right) => right.duration_s - left.duration_s)[0];
  const [state, setState] = useState(longest?.state ?? "");
  const references = stops.map(({ id, version }) => ({ id, version }));
  return (
    <div className={styles.line}>
      {found.length < 2 ? null : (
        <SelectField
          label={t("mergedState")}
          value={state}
          onChange={setState}
          options={found.map((name) => ({ value: name, label: states(machineState(name)) }))}
        />
      )}
      <Button
        variant="default"
        onClick={() =>
          void onMerge({
            stops: references,
            ...(found.length < 2 ? {} : { state: state as StateName }),
          })
        }
      >
        {t("merge", { count: stops.length })}
      </Button>
    </div>
  );
}
