/** What an hour of downtime of each line costs. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../../api/plants";
import { consumers, lineRates, setLineRate } from "../../api/policies";
import { Answered } from "../../shared/Answered";
import { DataTable } from "../../shared/DataTable";
import { Dialog } from "../../shared/Dialog";
import { Empty } from "../../shared/Empty";
import { DateTimeField } from "../../shared/form/DateTimeField";
import { NumberField, SelectField, TextField } from "../../shared/form/Field";
import { Form } from "../../shared/form/Form";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";

export function SupplyRates() {
  const t = useTranslations("supply");
  const format = useFormats();
  const query = useQuery(lineRates);
  const mayChange = useMayI("line_rates:write");
  const [isOpen, setOpen] = useState(false);
  return (
    <Tile title={t("rates")}>
      <Answered query={query}>
        {({ items, next_cursor }) => (
          <DataTable
            label={t("rates")}
            columns={[
              {
                key: "line",
                head: t("line"),
                cell: ({ equipment }) => equipment,
                sort: ({ equipment }) => equipment,
              },
              {
                key: "rate",
                head: t("rate"),
                align: "right",
                cell: ({ per_hour, currency }) =>
                  t("rateValue", { amount: format.number(per_hour, 2), currency }),
                sort: ({ per_hour }) => per_hour,
              },
              {
                key: "from",
                head: t("validFrom"),
                cell: ({ valid_from }) =>
                  valid_from === null ? t("always") : format.day(valid_from, true),
              },
            ]}
            rows={items}
            isCut={next_cursor !== null}
            rowKey={({ equipment, valid_from }) => `${equipment} ${valid_from}`}
            empty={<Empty reason={t("noRates")} />}
          />
        )}
      </Answered>
      {mayChange ? (
        <div>
          <Button variant="default" onClick={() => setOpen(true)}>
            {t("setRate")}
          </Button>
        </div>
      ) : null}
      {isOpen ? <RateForm onClose={() => setOpen(false)} /> : null}
    </Tile>
  );
}

function RateForm({ onClose }: { onClose: () => void }) {
  const t = useTranslations("supply");
  const known = useQuery(plants).data?.items ?? [];
  const paths = (useQuery(consumers).data?.items ?? []).map(({ path }) => path);
  const [chosen, setLine] = useState<string>();
  const [currency, setCurrency] = useState("EUR");
  const [rate, setRate] = useState<number | null>(null);
  const [from, setFrom] = useState("");
  const line = chosen ?? paths[0] ?? "";
  const { run, problem } = useAction(
    () =>
      setLineRate(line, {
        currency,
        // NaN becomes null in JSON: the API says at the field that a number is missing.
        per_hour: rate ?? Number.NaN,
        ...(from === "" ? {} : { valid_from: from }),
      }),
    { invalidates: [["line_rates"]], done: t("rateSaved") },
  );

  async function save() {
    if ((await run(undefined)) !== undefined) onClose();
  }

  return (
    <Dialog title={t("setRate")} onClose={onClose}>
      <Form
        onSave={save}
        problem={problem}
        labels={{
          per_hour: t("rate"),
          currency: t("currency"),
          valid_from: t("validFrom"),
        }}
        onCancel={onClose}
      >
        {(errorOf) => (
          <>
            <SelectField
              label={t("line")}
              value={line}
              onChange={setLine}
              options={paths.map((path) => ({ value: path, label: path }))}
            />
            <NumberField
              label={t("rate")}
              value={rate}
              onChange={setRate}
              error={errorOf("per_hour")}
            />
            <TextField
              label={t("currency")}
              value={currency}
              onChange={setCurrency}
              error={errorOf("currency")}
            />
            <DateTimeField
              label={t("validFrom")}
              zone={zoneOf(known, line)}
              value={from}
              onChange={setFrom}
              error={errorOf("valid_from")}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
