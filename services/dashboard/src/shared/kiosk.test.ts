import { expect, it } from "vitest";
import { addressesOf, nextOf, partsOf } from "./kiosk";

it("reads the list of a rotation, without other hosts", () => {
  expect(
    addressesOf("/, /plant/g/a ,//evil.example/x,http://evil.example,/machine/g/a/b?start=-24h"),
  ).toEqual(["/", "/plant/g/a", "/machine/g/a/b?start=-24h"]);
  expect(addressesOf(undefined)).toEqual([]);
});

it("goes round", () => {
  const all = ["/", "/plant/a", "/machine/b?start=-24h"];
  expect(nextOf(all, "/")).toBe("/plant/a");
  expect(nextOf(all, "/machine/b")).toBe("/");
  expect(nextOf(all, "/losses")).toBe("/");
  expect(nextOf([], "/")).toBeUndefined();
});

it("divides an address", () => {
  expect(partsOf("/machine/b?start=-24h")).toEqual({
    path: "/machine/b",
    search: { start: "-24h" },
  });
});
