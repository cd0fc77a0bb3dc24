/** Addresses of the API that the page writes itself: those of files. */

/** Return the path of an equipment as a part of an address: its slashes stay. */
export function pathPart(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
