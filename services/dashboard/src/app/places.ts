/** Where a person looked last: the way back to a plant, a machine, a warehouse. */
export type PlaceKind = "plant" | "machine" | "report" | "warehouse";

const STORED = "werknetz.place.";

export function rememberPlace(pathname: string): void {
  const [, kind, ...rest] = pathname.split("/");
  if (!isPlaceKind(kind) || rest.join("/") === "") return;
  const place = decodeURIComponent(rest.join("/"));
  globalThis.sessionStorage?.setItem(`${STORED}${kind}`, place);
}

export function lastPlace(kind: PlaceKind): string | undefined {
  return globalThis.sessionStorage?.getItem(`${STORED}${kind}`) ?? undefined;
}

function isPlaceKind(text: string | undefined): text is PlaceKind {
  return text === "plant" || text === "machine" || text === "report" || text === "warehouse";
}
