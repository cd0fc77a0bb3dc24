import { expect, it } from "vitest";
import { misunderstood, onceAtATime } from "./saving";

const good = { name: "text", validity: { badInput: false, customError: false } };
const cutOff = { name: "half a time", validity: { badInput: true, customError: false } };
const wrong = { name: "no number", validity: { badInput: false, customError: true } };

it("finds the first field whose text means nothing", () => {
  expect(misunderstood([good, wrong, cutOff])).toBe(wrong);
  expect(misunderstood([good, cutOff])).toBe(cutOff);
  expect(misunderstood([good, {}])).toBeUndefined();
});

it("does not save twice at once, but again after a refusal", async () => {
  let saved = 0;
  let refuse: (why: Error) => void = () => undefined;
  const save = onceAtATime(() => {
    saved += 1;
    return new Promise((_, reject) => {
      refuse = reject;
    });
  });
  const first = save();
  await save();
  expect(saved).toBe(1);
  refuse(new Error("changed"));
  await expect(first).rejects.toThrow("changed");
  void save();
  expect(saved).toBe(2);
});
