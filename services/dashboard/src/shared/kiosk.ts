/** A screen on a wall: no bar, big type, dark, one screen after the other. */
import { useSearch } from "@tanstack/react-router";

export const ROTATION_MS = 30_000;

export function useIsKiosk(): boolean {
  return useSearch({ strict: false }).kiosk === "1";
}

/** Return the addresses of a rotation: `/plant/a,/machine/b?start=-24h` */
export function addressesOf(rotate: string | undefined): string[] {
  return (rotate ?? "")
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address.startsWith("/") && !address.startsWith("//"));
}

/** Return the address after one in a rotation; the first where it is not of it.
 *
 * A rotation may have one screen with several periods: what follows the path counts, too.
 */
export function nextOf(addresses: readonly string[], current: string): string | undefined {
  const whole = addresses.findIndex((address) => textOf(address) === textOf(current));
  const path = addresses.findIndex((address) => pathOf(address) === pathOf(current));
  const at = whole === -1 ? path : whole;
  return addresses[(at + 1) % addresses.length];
}

/** Return an address as a path and its search. */
export function partsOf(address: string): { path: string; search: Record<string, string> } {
  const [, query = ""] = address.split("?");
  return { path: pathOf(address), search: Object.fromEntries(new URLSearchParams(query)) };
}

function pathOf(address: string): string {
  return decodeURI(address.split("?")[0] ?? address);
}

/** An address without what each screen on a wall has, its parameters in one order. */
function textOf(address: string): string {
  const { kiosk: _, rotate: __, ...search } = partsOf(address).search;
  const query = new URLSearchParams(search);
  query.sort();
  return `${pathOf(address)}?${query}`;
}
