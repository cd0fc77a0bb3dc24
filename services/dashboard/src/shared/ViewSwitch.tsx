/** Switches a tile between its chart and its table. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";

interface Props {
  /** What is shown, for a screen reader: a screen may have several. */
  label: string;
  isTable: boolean;
  onChange: (isTable: boolean) => void;
}

export function ViewSwitch({ label, isTable, onChange }: Props) {
  const common = useTranslations("common");
  const next = common(isTable ? "chart" : "table");
  return (
    <Button variant="subtle" aria-label={`${next}: ${label}`} onClick={() => onChange(!isTable)}>
      {next}
    </Button>
  );
}
