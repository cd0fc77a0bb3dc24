/** Which rows of the tree are open: the address has them, so that a link shows the same rows. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";

const BETWEEN = "|";

export function useOpenRows() {
  const { open } = useSearch({ from: "/losses" });
  const navigate = useNavigate({ from: "/losses" });
  const keys = useMemo(() => new Set(open?.split(BETWEEN)), [open]);

  function toggle(key: string) {
    const after = new Set(keys);
    if (!after.delete(key)) after.add(key);
    const text = [...after].join(BETWEEN);
    void navigate({
      search: ({ open: _, ...others }) => (text === "" ? others : { ...others, open: text }),
      replace: true,
      resetScroll: false,
    });
  }

  return { isOpen: (key: string) => keys.has(key), toggle };
}
