/** Fields of a form: label above, error below, one under the other. */
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLanguage } from "../../i18n/LanguageProvider";
import { numberOf } from "./numbers";
import { useOwnError } from "./useOwnError";

export interface FieldProps<V> {
  label: string;
  value: V;
  onChange: (value: V) => void;
  hint?: string | undefined;
  error?: string | undefined;
  isRequired?: boolean;
  /** Takes the focus when the form opens. */
  isFirst?: boolean;
}

interface TextProps extends FieldProps<string> {
  type?: "text" | "email" | "password" | "search" | "date" | "time";
  autoComplete?: string;
}

export function TextField({ onChange, type = "text", autoComplete = "off", ...rest }: TextProps) {
  return (
    <TextInput
      {...inputOf(rest)}
      type={type}
      autoComplete={autoComplete}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function TextAreaField({ onChange, ...rest }: FieldProps<string>) {
  return (
    <Textarea
      {...inputOf(rest)}
      rows={3}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface NumberProps extends FieldProps<number | null> {
  unit?: string;
}

/** A number as people write it: with a comma in German. What is no number is null, and says so. */
export function NumberField({ onChange, unit, value, error, label, ...rest }: NumberProps) {
  const t = useTranslations("common.form");
  const { language } = useLanguage();
  const [text, setText] = useState(() => textOf(value, language));
  // What was typed stays as it is ("1," on its way to 1,5) while it means the value.
  const shown = numberOf(text, language) === value ? text : textOf(value, language);
  const isWrong = text.trim() !== "" && numberOf(text, language) === null;
  const wrong = isWrong ? t("noNumber") : undefined;
  const input = useOwnError(wrong);
  return (
    <TextInput
      ref={input}
      {...inputOf({ ...rest, value: isWrong ? text : shown })}
      label={unit === undefined ? label : `${label} (${unit})`}
      error={wrong ?? error}
      inputMode="decimal"
      autoComplete="off"
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(numberOf(event.currentTarget.value, language));
      }}
    />
  );
}

interface SelectProps<V extends string> extends FieldProps<V> {
  options: readonly { value: V; label: string }[];
}

export function SelectField<V extends string>({ onChange, options, ...rest }: SelectProps<V>) {
  return (
    <NativeSelect
      {...inputOf(rest)}
      data={[...options]}
      onChange={(event) => {
        const chosen = options.find(({ value }) => value === event.currentTarget.value);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    />
  );
}

function inputOf<V extends string>(
  props: Omit<FieldProps<V>, "onChange" | "label"> & { label?: string },
) {
  const { hint, isRequired = false, isFirst = false, error, ...rest } = props;
  return {
    ...rest,
    ...(hint === undefined ? {} : { description: hint }),
    ...(error === undefined ? {} : { error }),
    "aria-required": isRequired,
    withAsterisk: isRequired,
    ...(isFirst ? { "data-autofocus": true, autoFocus: true } : {}),
  };
}

function textOf(value: number | null, language: "en" | "de"): string {
  if (value === null) return "";
  return language === "de" ? String(value).replace(".", ",") : String(value);
}
