/** Which field an error of the API belongs to. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** Return what a pointer names inside a body: `/body/shifts/0/start` is `shifts/0/start`. */
export function fieldOf(pointer: string): string {
  return pointer.replace(/^\/(body|query|path)(\/|$)/, "").replace(/^\//, "");
}

/** Return the sentences about a field, or about what is inside of it; undefined: none. */
export function errorOf(errors: readonly FieldError[], pointer: string): string | undefined {
  const field = fieldOf(pointer);
  const found = errors.filter((error) => isInside(fieldOf(error.pointer), field));
  return found.length === 0 ? undefined : found.map(({ detail }) => detail).join(" ");
}

/** Return the errors that no field of a form shows. */
export function otherErrors<E extends FieldError>(
  errors: readonly E[],
  pointers: readonly string[],
): E[] {
  return errors.filter(
    (error) => !pointers.some((pointer) => isInside(fieldOf(error.pointer), fieldOf(pointer))),
  );
}

function isInside(inner: string, outer: string): boolean {
  return inner === outer || (outer !== "" && inner.startsWith(`${outer}/`));
}
