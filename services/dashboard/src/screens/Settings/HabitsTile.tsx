/** How a plant is named, which language it speaks, and whether its clocks have 12 or 24 hours. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { changePlant, PLANT_KEYS } from "../../api/calendars";
import type { Plant } from "../../api/plants";
import { SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";

const CLOCKS = ["none", "24h", "12h"] as const;
type Clock = (typeof CLOCKS)[number];
const CLOCK_TEXTS = { none: "none", "24h": "long", "12h": "short" } as const;

export function HabitsTile({ plant }: { plant: Plant }) {
  const t = useTranslations("settings.habits");
  const [name, setName] = useState(plant.name);
  const [language, setLanguage] = useState(plant.language ?? "");
  const [clock, setClock] = useState<Clock>(CLOCKS.find((one) => one === plant.clock) ?? "none");
  const saving = useAction(
    async () => {
      await changePlant(plant.path, {
        name,
        language: language === "" ? null : language,
        clock: clock === "none" ? null : clock,
      });
      return true;
    },
    { invalidates: PLANT_KEYS, done: t("saved") },
  );
  return (
    <Tile title={t("title")}>
      <Form
        onSave={() => saving.run(undefined)}
        problem={saving.problem}
        labels={{ name: t("name"), language: t("language"), clock: t("clock") }}
      >
        {(errorOf) => (
          <>
            <TextField
              label={t("name")}
              hint={t("nameHint", { path: plant.path })}
              value={name}
              onChange={setName}
              error={errorOf("name")}
            />
            <TextField
              label={t("language")}
              hint={t("languageHint")}
              value={language}
              onChange={setLanguage}
              error={errorOf("language")}
            />
            <SelectField
              label={t("clock")}
              value={clock}
              onChange={setClock}
              error={errorOf("clock")}
              options={CLOCKS.map((value) => ({ value, label: t(`clocks.${CLOCK_TEXTS[value]}`) }))}
            />
          </>
        )}
      </Form>
    </Tile>
  );
}
