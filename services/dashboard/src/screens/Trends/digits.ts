/** Return how many decimals a value needs for about three significant digits. */
export function digitsOf(value: number | null | undefined): number {
  if (value === null || value === undefined || Number.isInteger(value)) return 0;
  const size = Math.abs(value);
  if (size >= 1000) return 0;
  if (size >= 100) return 1;
  return size >= 1 ? 2 : 4;
}
