/** A policy as words: its key in the list, and an allowance such as 2bd. */
import type { AppliedPolicy } from "../../api/suppliers";

export type AllowanceUnit = "h" | "d" | "bd";

export function allowanceOf(text: string): { count: number; unit: AllowanceUnit } {
  const match = /^(\d+)(h|d|bd)$/.exec(text.trim());
  const unit = match?.[2];
  return {
    count: Number(match?.[1] ?? 0),
    unit: unit === "d" || unit === "bd" ? unit : "h",
  };
}

/** Return whose policy it is. */
export function ownerOf(policy: AppliedPolicy): "built_in" | "default" | "supplier" {
  if (policy.version === 0) return "built_in";
  return policy.supplier === null ? "default" : "supplier";
}
