/** Several of a list: boxes to tick, under one legend. */

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { plants } from "../../api/plants";
import styles from "./parts.module.css";

interface Props<V extends string> {
  legend: string;
  options: readonly { value: V; label: string }[];
  chosen: readonly V[];
  onChange: (chosen: V[]) => void;
  error?: string | undefined;
}

export function Choices<V extends string>({ legend, options, chosen, onChange, error }: Props<V>) {
  return (
    <fieldset className={styles.choices}>
      <legend>{legend}</legend>
      {options.map(({ value, label }) => (
        <label key={value} className={styles.choice}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked
                  ? [...chosen, value]
                  : chosen.filter((one) => one !== value),
              )
            }
          />
          {label}
        </label>
      ))}
      {error === undefined ? null : <p className={styles.error}>{error}</p>}
    </fieldset>
  );
}

interface PlantProps {
  /** Null: all plants. */
  chosen: readonly string[] | null;
  onChange: (chosen: string[] | null) => void;
  error?: string | undefined;
}

/** All plants, or some of them. */
export function PlantChoices({ chosen, onChange, error }: PlantProps) {
  const t = useTranslations("settings");
  const all = useQuery(plants).data?.items ?? [];
  return (
    <>
      <label className={styles.choice}>
        <input
          type="checkbox"
          checked={chosen === null}
          onChange={(event) => onChange(event.currentTarget.checked ? null : [])}
        />
        {t("allPlants")}
      </label>
      {chosen === null ? null : (
        <Choices
          legend={t("somePlants")}
          options={all.map((plant) => ({ value: plant.path, label: plant.path }))}
          chosen={chosen}
          onChange={onChange}
          error={error}
        />
      )}
    </>
  );
}
