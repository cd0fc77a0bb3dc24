/** A raw message beside its reading: segments and fields, each marks the other. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { type EventDetail, eventOf } from "../../api/events";
import { Answered } from "../../shared/Answered";
import { Dialog } from "../../shared/Dialog";
import { useFormats } from "../../shared/useFormats";
import { linksOf, type Segment, segmentsOf, textOf } from "./message";
import styles from "./SuppliersScreen.module.css";

export function RawMessage({ event }: { event: string }) {
  const t = useTranslations("suppliers.raw");
  const navigate = useNavigate();
  const query = useQuery(eventOf(event));
  const close = () =>
    void navigate({
      to: ".",
      search: (before) => ({ ...before, event: undefined }),
      resetScroll: false,
    });
  return (
    <Dialog title={t("title")} onClose={close} kind="drawer" size="xl">
      <Answered query={query}>{(data) => <Message event={data} />}</Answered>
    </Dialog>
  );
}

function Message({ event }: { event: EventDetail }) {
  const t = useTranslations("suppliers.raw");
  const format = useFormats();
  const { raw, fields, item } = event;
  const base64 = raw?.base64 ?? null;
  const text = useMemo(() => (base64 === null ? undefined : textOf(base64)), [base64]);
  const segments = useMemo(() => segmentsOf(text ?? ""), [text]);
  const links = useMemo(() => linksOf(fields, segments, item), [fields, segments, item]);
  // A field by its name, or a segment by its number.
  const [chosen, setChosen] = useState<string | number>();
  const isFieldLinked = (name: string) =>
    chosen === name || (typeof chosen === "number" && (links.get(name) ?? []).includes(chosen));
  const isSegmentLinked = (index: number) =>
    chosen === index || (typeof chosen === "string" && (links.get(chosen) ?? []).includes(index));
  return (
    <div className={styles.facts}>
      <p>{t("of", { kind: event.kind, source: event.source, item: event.item })}</p>
      <p className="second">
        {t("mapping", { mapping: event.mapping, revision: event.revision })}
        {raw?.size == null ? "" : ` · ${t("size", { size: format.number(raw.size) })}`}
      </p>
      {raw === null ? <p>{t("none")}</p> : null}
      {raw !== null && raw.note !== "" ? <p>{raw.note}</p> : null}
      {base64 !== null && text === undefined ? <p>{t("binary")}</p> : null}
      {text === undefined ? null : <p className="second">{t("linked")}</p>}
      <div className={text === undefined ? undefined : styles.raw}>
        {text === undefined ? null : (
          <Segments segments={segments} isLinked={isSegmentLinked} onChoose={setChosen} />
        )}
        <Fields fields={fields} isLinked={isFieldLinked} onChoose={setChosen} />
      </div>
    </div>
  );
}

interface SegmentsProps {
  segments: readonly Segment[];
  isLinked: (index: number) => boolean;
  onChoose: (index: number | undefined) => void;
}

function Segments({ segments, isLinked, onChoose }: SegmentsProps) {
  const t = useTranslations("suppliers.raw");
  return (
    <section aria-label={t("segments")}>
      <h3>{t("segments")}</h3>
      <ol className={styles.segments}>
        {segments.map(({ text }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a segment is its position
          <li key={index}>
            <button
              type="button"
              className={isLinked(index) ? `${styles.segment} ${styles.linked}` : styles.segment}
              onFocus={() => onChoose(index)}
              onBlur={() => onChoose(undefined)}
              onPointerEnter={() => onChoose(index)}
              onPointerLeave={() => onChoose(undefined)}
            >
              {text}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface FieldsProps {
  fields: EventDetail["fields"];
  isLinked: (name: string) => boolean;
  onChoose: (name: string | undefined) => void;
}

function Fields({ fields, isLinked, onChoose }: FieldsProps) {
  const t = useTranslations("suppliers.raw");
  return (
    <section aria-label={t("reading")}>
      <h3>{t("reading")}</h3>
      <ul className={styles.segments}>
        {Object.entries(fields)
          .sort(([left], [right]) => left.localeCompare(right))
          .map(([name, value]) => (
            <li key={name}>
              <button
                type="button"
                className={isLinked(name) ? `${styles.segment} ${styles.linked}` : styles.segment}
                onFocus={() => onChoose(name)}
                onBlur={() => onChoose(undefined)}
                onPointerEnter={() => onChoose(name)}
                onPointerLeave={() => onChoose(undefined)}
              >
                <span className="second">{name}</span> {wordsOf(name, value)}
              </button>
            </li>
          ))}
      </ul>
    </section>
  );
}

function wordsOf(name: string, value: unknown): string {
  if (typeof value === "number" && name.endsWith("_us")) {
    return `${new Date(value / 1000).toISOString().replace(".000", "")}`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
