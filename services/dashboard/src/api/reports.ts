import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import type { Period } from "./equipment";
import { polled, SUMS_S } from "./polling";

/** What the page reads of a shift is its name. */
export type ShiftReport = Omit<Schemas["ShiftReportView"], "shift"> & {
  shift: { name: string } | null;
};
export type Signature = Schemas["SignatureView"];

export function shiftReport(path: string, period: Period) {
  return queryOptions({
    queryKey: ["shift_reports", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/shift_reports/{path}", {
          signal,
          params: { path: { path }, query: { ...period } },
        }),
      ),
    ...polled(SUMS_S),
  });
}

/** Sign a report as it was read: the API refuses if it is another by now. */
export function signReport(report: ShiftReport, comment: string): Promise<Signature> {
  const { equipment: path, start, end, digest } = report;
  return bodyOf(
    api.POST("/api/v1/shift_reports/{path}:sign", {
      params: { path: { path } },
      body: { start, end, digest, comment: comment === "" ? null : comment },
    }),
  );
}

export function withdrawSignature(path: string, signature: number): Promise<unknown> {
  return bodyOf(
    api.POST("/api/v1/shift_reports/{path}:withdraw_signature", {
      params: { path: { path } },
      body: { signature },
    }),
  );
}
