/** A pointer on a timeline: a click chooses a piece, a drag the part to show. */
import { type PointerEvent, useState } from "react";
import { DRAG_MIN_PX, draggedSpan, instantAt } from "./StateZoom";
import type { Span } from "./timeline";

interface Drag {
  fromX: number;
  toX: number;
  width: number;
}
type Pointer = PointerEvent<SVGSVGElement>;

/** `onClick`: gets the place, its instant, and whether a key says "beside what is chosen". */
export function useStateDrag(
  span: Span,
  onZoom: ((part: Span) => void) | undefined,
  onClick: (x: number, atMs: number, isMore: boolean) => void,
) {
  const [drag, setDrag] = useState<Drag>();
  const isWide = drag !== undefined && Math.abs(drag.toX - drag.fromX) >= DRAG_MIN_PX;

  function onDown(event: Pointer) {
    if (event.button !== 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left;
    if (event.pointerType !== "touch") event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ fromX: x, toX: x, width: box.width });
  }

  function onMove(event: Pointer) {
    if (drag === undefined || onZoom === undefined) return;
    setDrag({ ...drag, toX: event.clientX - event.currentTarget.getBoundingClientRect().left });
  }

  function onUp(event: Pointer) {
    setDrag(undefined);
    if (drag === undefined) return;
    if (isWide && onZoom !== undefined) {
      onZoom(draggedSpan(span, drag.fromX, drag.toX, drag.width));
      return;
    }
    const isMore = event.shiftKey || event.ctrlKey || event.metaKey;
    onClick(drag.fromX, instantAt(span, drag.fromX, drag.width), isMore);
  }

  return {
    onDown,
    onMove,
    onUp,
    onCancel: () => setDrag(undefined),
    box:
      drag !== undefined && isWide
        ? { x: Math.min(drag.fromX, drag.toX), width: Math.abs(drag.toX - drag.fromX) }
        : undefined,
  };
}
