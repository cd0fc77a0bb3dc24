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

/** Return the address after one in a rotation; the first where it is not of it. */
export function nextOf(addresses: readonly string[], current: string): string | undefined {
  const at = addresses.findIndex((address) => pathOf(address) === pathOf(current));
  return addresses[(at + 1) % addresses.length];
}

/** Return an address as a path and its search. */
export function partsOf(address: string): { path: string; search: Record<string, string> } {
  const query = address.slice(pathOf(address).length);
  return { path: pathOf(address), search: Object.fromEntries(new URLSearchParams(query)) };
}

function pathOf(address: string): string {
  return address.split("?")[0] ?? address;
}
