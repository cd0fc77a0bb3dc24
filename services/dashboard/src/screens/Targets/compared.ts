/** What a target compares: plants of a group, else lines of a plant or area, else machines. */
import type { Level } from "../../api/targets";

const BELOW: readonly (Level | undefined)[] = ["plant", "line", "line", "machine"];

export function comparedIn(under: readonly string[]): { under: string; level: Level | undefined } {
  const [first = ""] = under;
  let common = first.split("/");
  for (const path of under) {
    const parts = path.split("/");
    const differs = common.findIndex((part, index) => part !== parts[index]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return {
    under: common.join("/"),
    level: common.length === 0 ? undefined : BELOW[common.length - 1],
  };
}
