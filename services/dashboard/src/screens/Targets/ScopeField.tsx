/** The scope of a target: groups and plants to tick, and paths of anything else. */
import { useId } from "react";
import { useTranslations } from "use-intl";
import { TextAreaField } from "../../shared/form/Field";
import styles from "./ScopeField.module.css";

interface Props {
  known: readonly string[];
  chosen: readonly string[];
  others: string;
  onChoose: (paths: string[]) => void;
  onOthers: (text: string) => void;
  error: string | undefined;
}

export function ScopeField({ known, chosen, others, onChoose, onOthers, error }: Props) {
  const t = useTranslations("targets.form");
  const id = useId();
  return (
    <>
      <fieldset className={styles.scope} aria-describedby={id}>
        <legend>{t("scope")}</legend>
        <p id={id} className="second">
          {t("scopeHint")}
        </p>
        {known.map((path) => (
          <label key={path} className={styles.choice}>
            <input
              type="checkbox"
              checked={chosen.includes(path)}
              onChange={(event) =>
                onChoose(
                  event.currentTarget.checked
                    ? [...chosen, path]
                    : chosen.filter((one) => one !== path),
                )
              }
            />
            {path}
          </label>
        ))}
      </fieldset>
      <TextAreaField
        label={t("otherScope")}
        hint={t("otherScopeHint")}
        value={others}
        onChange={onOthers}
        error={error}
      />
    </>
  );
}
