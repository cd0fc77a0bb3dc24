/** What a person fills in to repair a mapping, and the change of the mapping that it means. */
import type { Change } from "../../api/mappings";
import type { QuarantineGroup } from "../../api/quarantine";
import type { MachineState } from "../../shared/states";

export type RepairKind = Change["kind"];
export type Role = Extract<Change, { kind: "add_rule" }>["role"];

export const ROLES = [
  "process_value",
  "state",
  "good_count",
  "total_count",
  "scrap_count",
  "rework_count",
  "order",
  "planned_run_time",
  "mode",
  "energy",
] as const satisfies readonly Role[];

export interface Draft {
  kind: RepairKind;
  source: string;
  state: MachineState;
  value: string;
  equipment: string;
  signal: string;
  role: (typeof ROLES)[number];
  unit: string;
  sourceUnit: string;
  states: string;
  decimal: "point" | "comma";
}

const KINDS: Readonly<Record<QuarantineGroup["repair"], readonly RepairKind[]>> = {
  map_state: ["map_state"],
  map_value: ["map_value"],
  add_rule: ["add_rule", "ignore"],
  set_rule: ["set_rule"],
  none: [],
};

/** The changes of the mapping that can repair a group; none: the input itself is wrong. */
export function kindsOf(group: QuarantineGroup): readonly RepairKind[] {
  return KINDS[group.repair];
}

/** What a form begins with: what the group and its sources already say. */
export function draftOf(group: QuarantineGroup, source: string | undefined): Draft | undefined {
  const [kind] = kindsOf(group);
  if (kind === undefined) return undefined;
  const first = source ?? group.sources[0]?.source ?? "";
  return {
    kind,
    source: first,
    state: "producing",
    value: "",
    equipment: group.sources.find((one) => one.source === first)?.equipment ?? "",
    signal: signalOf(first),
    role: "process_value",
    unit: "",
    sourceUnit: "",
    states: "",
    decimal: "comma",
  };
}

export function changeOf(draft: Draft, group: QuarantineGroup): Change {
  const { kind, source } = draft;
  switch (kind) {
    case "map_state":
      return { kind, table: field(group, "table"), code: field(group, "code"), state: draft.state };
    case "map_value":
      return {
        kind,
        source,
        field: field(group, "field"),
        code: field(group, "code"),
        value: draft.value,
      };
    case "add_rule":
      return {
        kind,
        source,
        equipment: draft.equipment,
        signal: draft.signal,
        role: draft.role,
        ...given("unit", draft.unit),
        ...given("source_unit", draft.sourceUnit),
        ...(draft.role === "state" ? given("states", draft.states) : {}),
      };
    case "ignore":
      return { kind, source };
    case "set_rule":
      return {
        kind,
        source,
        decimal: draft.decimal,
        ...given("unit", draft.unit),
        ...given("source_unit", draft.sourceUnit),
      };
  }
}

/** The mappings that refused the entries of a group, without their versions. */
export function mappingNames(group: QuarantineGroup): string[] {
  return [...new Set(group.mappings.map((label) => label.replace(/@\d*$/, "")))];
}

/** A name for the signal of an address: its last part, in the form of names. */
export function signalOf(source: string): string {
  const plain = source.normalize("NFD").replace(/\p{M}/gu, "");
  const last = plain.split(/[/#.;=]/).findLast((part) => part !== "") ?? "";
  return last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

export function field(group: QuarantineGroup, name: string): string {
  const value = group.fields[name];
  return typeof value === "string" ? value : "";
}

function given<N extends string>(name: N, value: string): Partial<Record<N, string>> {
  const entry: Partial<Record<N, string>> = {};
  if (value.trim() !== "") entry[name] = value.trim();
  return entry;
}
