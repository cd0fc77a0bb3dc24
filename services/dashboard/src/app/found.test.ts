import { expect, it } from "vitest";
import type { Named } from "../api/search";
import { addressOf, found } from "./found";

function equipment(key: string, level: string): Named {
  return { kind: "equipment", key, name: key.slice(key.lastIndexOf("/") + 1), level };
}
const ALL: Named[] = [
  equipment("g/emden-1/body/line-1/press-10", "machine"),
  equipment("g/emden-1/body/line-1/press-1", "machine"),
  equipment("g/zwick-2", "plant"),
  { kind: "supplier", key: "elbe", name: "Elbe Kaltform" },
  { kind: "part", key: "50417-20", name: "Press bracket" },
];
const keys = (text: string) => found(ALL, text).map(({ key }) => key);

it("finds by all words, the exact name first", () => {
  expect(keys("press-1")).toEqual([
    "g/emden-1/body/line-1/press-1",
    "g/emden-1/body/line-1/press-10",
  ]);
  expect(keys("press line-1 EMDEN")).toHaveLength(2);
  expect(keys("kalt")).toEqual(["elbe"]);
  expect(keys("50417")).toEqual(["50417-20"]);
  expect(keys("  ")).toEqual([]);
});

it("leads to the screen of what was found", () => {
  expect(ALL.map((one) => addressOf(one).to)).toEqual([
    "/machine/$",
    "/machine/$",
    "/plant/$",
    "/suppliers",
    "/warehouse/$",
  ]);
});
