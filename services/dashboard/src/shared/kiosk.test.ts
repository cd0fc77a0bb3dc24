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

it("goes round where one screen has several periods, or a path has other signs", () => {
  const all = ["/machine/b?start=-24h", "/machine/b?start=-7d", "/plant/g/h%C3%B6xter"];
  expect(nextOf(all, "/machine/b?kiosk=1&rotate=x&start=-24h")).toBe(all[1]);
  expect(nextOf(all, "/machine/b?start=-7d&kiosk=1")).toBe(all[2]);
  expect(nextOf(all, "/plant/g/höxter?kiosk=1")).toBe(all[0]);
});

it("divides an address", () => {
  expect(partsOf("/machine/b?start=-24h")).toEqual({
    path: "/machine/b",
    search: { start: "-24h" },
  });
});
