import { expect, test } from "vitest";
import { answered, isAbout } from "./preview";

test("an answer about the draft is shown while the draft is the same", () => {
  const first = { state: "idle" };
  const asked = answered({ of: first, preview: undefined }, first, "three states");
  expect(asked).toEqual({ of: first, preview: "three states" });
  expect(isAbout(asked, first)).toBe(true);
  expect(isAbout(asked, { state: "idle" })).toBe(false); // changed and changed back: looked at anew
});

test("an answer about an older draft comes too late", () => {
  const [first, second] = [{ state: "idle" }, { state: "setup" }];
  const asked = answered({ of: second, preview: undefined }, first, "of the first");
  expect(asked).toEqual({ of: second, preview: undefined });
  expect(answered(undefined, first, "nobody asks any more")).toBeUndefined();
});
