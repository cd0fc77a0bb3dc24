/** What an entry of the audit log changed: field by field, before and after. */
type Fields = Readonly<Record<string, unknown>>;

export interface FieldChange {
  field: string;
  /** Undefined: there was none, or there is none any more. */
  before: string | undefined;
  after: string | undefined;
}
const TEXT_MAX = 120;

/** Return the fields that differ; of something new or gone, all that it has. */
export function changesOf(before: Fields | null, after: Fields | null): FieldChange[] {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
  return fields.flatMap((field) => {
    const change = { field, before: textOf(before?.[field]), after: textOf(after?.[field]) };
    return change.before === change.after ? [] : [change];
  });
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
