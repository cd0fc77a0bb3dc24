import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import type { Period } from "./equipment";
import { polled, SUMS_S } from "./polling";

export type Annotation = Schemas["AnnotationView"];

const SHOWN = 200;

/** The notes of people about an equipment and all below it, newest first. */
export function annotationsOf(path: string, period: Period) {
  return queryOptions({
    queryKey: ["annotations", path, period],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET("/api/v1/annotations", {
          signal,
          params: { query: { under: [path], ...period, limit: SHOWN } },
        }),
      ),
    ...polled(SUMS_S),
  });
}

export function addAnnotation(body: Schemas["NewAnnotation"]): Promise<Annotation> {
  return bodyOf(api.POST("/api/v1/annotations", { body }));
}

/** Bring a withdrawn note back: it stays the one of whoever wrote it. */
export function restoreAnnotation(id: number): Promise<Annotation> {
  return bodyOf(
    api.POST("/api/v1/annotations/{annotation_id}:undo", {
      params: { path: { annotation_id: id } },
    }),
  );
}

export function withdrawAnnotation(id: number): Promise<unknown> {
  return bodyOf(
    api.DELETE("/api/v1/annotations/{annotation_id}", { params: { path: { annotation_id: id } } }),
  );
}
