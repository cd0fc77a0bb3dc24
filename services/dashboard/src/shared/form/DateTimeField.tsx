/** A time of a plant: typed as its clocks show it, given on as an instant with its offset. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { instantsOf, isoOf, localOf } from "../plantTime";
import { useFormats } from "../useFormats";
import type { FieldProps } from "./Field";
import styles from "./Form.module.css";
import { useOwnError } from "./useOwnError";

interface Props extends FieldProps<string> {
  zone: string;
}

/** `value`: an instant as the API writes it, or ""; so is what `onChange` gets. */
export function DateTimeField(props: Props) {
  const { label, value, onChange, zone, hint, error, isRequired = false } = props;
  const t = useTranslations("common.form");
  const format = useFormats(zone);
  const [typed, setTyped] = useState("");
  // What was typed is shown until it means an instant; then the value is, which others may change.
  const local = value === "" ? typed : localOf(value, zone);
  const instants = instantsOf(local, zone);
  const missing = local !== "" && instants.length === 0 ? t("missingHour") : undefined;
  const input = useOwnError(missing);

  function type(text: string) {
    setTyped(text);
    const [first] = instantsOf(text, zone);
    onChange(first === undefined ? "" : isoOf(first, zone));
  }

  return (
    <div className={styles.dateTime}>
      <TextInput
        ref={input}
        type="datetime-local"
        label={label}
        description={
          hint ?? t("localTime", { zone: format.zone(value === "" ? Date.now() : value) })
        }
        error={missing ?? error}
        value={local}
        withAsterisk={isRequired}
        aria-required={isRequired}
        onChange={(event) => type(event.currentTarget.value)}
      />
      {instants.length < 2 ? null : (
        <NativeSelect
          label={t("doubledHour")}
          value={String(Date.parse(value))}
          data={instants.map((at, index) => ({
            value: String(at),
            label: t(index === 0 ? "first" : "second", { zone: format.zone(at) }),
          }))}
          onChange={(event) => onChange(isoOf(Number(event.currentTarget.value), zone))}
        />
      )}
    </div>
  );
}
