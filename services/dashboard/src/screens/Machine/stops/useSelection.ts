/** The chosen stops, as the address has them, and where the timeline was clicked last. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Stop } from "../../../api/stops";
import { idsOf, stopAt, toggled } from "./selection";

export interface Selection {
  stops: readonly Stop[];
  cursorMs: number | undefined;
  pick: (equipment: string, atMs: number, isMore: boolean) => void;
  toggle: (id: string, isMore: boolean) => void;
  show: (ids: readonly string[]) => void;
  clear: () => void;
}

export function useSelection(all: readonly Stop[]): Selection {
  const { stop } = useSearch({ from: "/machine/$" });
  const navigate = useNavigate({ from: "/machine/$" });
  const [cursorMs, setCursor] = useState<number>();
  const ids = useMemo(() => idsOf(stop), [stop]);
  const stops = useMemo(() => all.filter(({ id }) => ids.includes(id)), [all, ids]);

  function show(next: readonly string[]) {
    const text = next.length === 0 ? undefined : next.join(",");
    void navigate({
      search: (before) => ({ ...before, stop: text }),
      replace: true,
      resetScroll: false,
    });
  }

  return {
    stops,
    cursorMs,
    pick(equipment, atMs, isMore) {
      const found = stopAt(all, equipment, atMs);
      setCursor(atMs);
      if (found === undefined) show([]);
      else if (isMore || !ids.includes(found.id)) show(toggled(ids, found.id, isMore));
    },
    toggle: (id, isMore) => show(toggled(ids, id, isMore)),
    show,
    clear: () => show([]),
  };
}
