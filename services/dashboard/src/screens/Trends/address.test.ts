import { expect, test } from "vitest";
import { chosenOf, textOf } from "./address";

test("the address names signals once, in order, at most eight", () => {
  expect(chosenOf("12, 7,12,x,0,-3,1e3")).toEqual({ ids: [12, 7], dropped: 0 });
  expect(chosenOf(undefined)).toEqual({ ids: [], dropped: 0 });
  expect(chosenOf("1,2,3,4,5,6,7,8,9,10")).toEqual({ ids: [1, 2, 3, 4, 5, 6, 7, 8], dropped: 2 });
});

test("what is chosen becomes the address again", () => {
  expect(textOf([12, 7])).toBe("12,7");
  expect(textOf([])).toBeUndefined();
});
