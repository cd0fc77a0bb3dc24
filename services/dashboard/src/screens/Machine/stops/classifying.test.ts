import { describe, expect, it } from "vitest";
import type { StopChange } from "../../../api/stops";
import { commentOf, requestsOf, sendAll, undoAll } from "./classifying";

const stop = (id: string, comment: string | null = null) => ({ id, version: 3, comment });
const change = (number: number): StopChange => ({ change: number, stops: [] });

describe("what is sent for stops", () => {
  it("is a comment alone where only that changes, also an empty one", () => {
    expect(commentOf(stop("1", "old"), "new")).toEqual({
      stops: [{ id: "1", version: 3 }],
      comment: "new",
    });
    expect(commentOf(stop("1", "old"), " ")).toMatchObject({ comment: null });
    expect(Object.keys(commentOf(stop("1"), "new"))).toEqual(["stops", "comment"]);
  });

  it("gives one stop the comment as it was typed", () => {
    const empty = requestsOf({ stops: [stop("1", "old")], reason: "jam", comment: "" });
    expect(empty).toMatchObject([{ reason: "jam", comment: null }]);
  });

  it("is one request for several, which have comments of their own", () => {
    const typed = requestsOf({ stops: [stop("1", "a"), stop("2")], reason: "jam", comment: "x" });
    expect(typed).toEqual([
      {
        stops: [
          { id: "1", version: 3 },
          { id: "2", version: 3 },
        ],
        reason: "jam",
        comment: "x",
      },
    ]);
    const own = requestsOf({
      stops: [stop("1", "a"), stop("2"), stop("3", "a")],
      reason: "jam",
      comment: "",
    });
    expect(own.map(({ stops, comment }) => [stops.map(({ id }) => id), comment])).toEqual([
      [["1", "3"], "a"],
      [["2"], null],
    ]);
  });

  it("has at most as many stops as the API takes", () => {
    const stops = Array.from({ length: 101 }, (_, n) => stop(String(n)));
    const sizes = requestsOf({ stops, reason: null, comment: "" }).map((one) => one.stops.length);
    expect(sizes).toEqual([100, 1]);
  });
});

describe("several requests", () => {
  const requests = [
    commentOf(stop("1"), "a"),
    commentOf(stop("2"), "a"),
    commentOf(stop("3"), "a"),
  ];

  it("leave what was done, with the refusal of the rest", async () => {
    const sent: string[] = [];
    const done = await sendAll(requests, async ({ stops }) => {
      const id = stops[0]?.id ?? "";
      if (id === "2") throw new Error("changed");
      sent.push(id);
      return [change(Number(id))];
    });
    expect(done.changes).toEqual([change(1)]);
    expect(done.refusal).toEqual(new Error("changed"));
    expect(sent).toEqual(["1"]);
  });

  it("are refused as a whole where the first is", async () => {
    const refuse = () => Promise.reject(new Error("changed"));
    await expect(sendAll(requests, refuse)).rejects.toThrow("changed");
  });

  it("are taken back from the last, each for itself", async () => {
    const undone: number[] = [];
    const done = { changes: [change(1), change(2), change(3)] };
    const undo = async ({ change: number }: StopChange) => {
      if (number === 2) throw new Error("changed since");
      undone.push(number);
    };
    await expect(undoAll(done, undo)).rejects.toThrow("changed since");
    expect(undone).toEqual([3, 1]);
  });
});
