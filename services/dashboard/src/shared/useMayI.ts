/** Whether the caller may do something: actions that a role may not do are not shown. */
import { useQuery } from "@tanstack/react-query";
import { may, me, type Permission } from "../api/session";

export function useMayI(permission: Permission): boolean {
  const { data } = useQuery(me);
  return data !== undefined && may(data, permission);
}
