/** A raw message beside its reading: segments and fields, each marks the other. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { type EventDetail, eventOf } from "../../api/events";
import { Answered } from "../Answered";
import { Dialog } from "../Dialog";
import { type Formats, useFormats } from "../useFormats";
import { linksOf, type Segment, segmentsOf, textOf } from "./message";
import styles from "./RawMessage.module.css";

interface Props {
  event: string;
  /** Of what it is about; default: what a reader shows. */
  title?: string;
  zone: string;
  onClose: () => void;
}

export function RawMessage({ event, title, zone, onClose }: Props) {
  const t = useTranslations("rawMessage");
  const query = useQuery(eventOf(event));
  return (
    <Dialog title={title ?? t("title")} onClose={onClose} kind="drawer" size="xl">
      <Answered query={query}>{(data) => <Message event={data} zone={zone} />}</Answered>
    </Dialog>
  );
}

function Message({ event, zone }: { event: EventDetail; zone: string }) {
  const t = useTranslations("rawMessage");
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
        <Fields fields={fields} zone={zone} isLinked={isFieldLinked} onChoose={setChosen} />
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
  const t = useTranslations("rawMessage");
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
  zone: string;
  isLinked: (name: string) => boolean;
  onChoose: (name: string | undefined) => void;
}

function Fields({ fields, zone, isLinked, onChoose }: FieldsProps) {
  const t = useTranslations("rawMessage");
  const format = useFormats(zone);
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
                <span className="second">{name}</span> {wordsOf(name, value, format)}
              </button>
            </li>
          ))}
      </ul>
    </section>
  );
}

/** A time as the plant's clocks show it; anything else as it was read. */
function wordsOf(name: string, value: unknown, format: Formats): string {
  if (typeof value === "number" && name.endsWith("_us")) {
    const at = value / 1000;
    return `${format.day(at, true)} ${format.time(at, true)} ${format.zone(at)}`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
