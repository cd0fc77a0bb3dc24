import { expect, test } from "vitest";
import { typedWith } from "./typeAhead";

test("letters are added, Backspace takes one away, other keys are none of it", () => {
  expect(typedWith("zwic", "k")).toBe("zwick");
  expect(typedWith("zwick", "-")).toBe("zwick-");
  expect(typedWith("zwick", "Backspace")).toBe("zwic");
  expect(typedWith("", "Backspace")).toBe("");
  expect(typedWith("zwick", "Enter")).toBeUndefined();
  expect(typedWith("zwick", "Tab")).toBeUndefined();
});
