/** The screens of the page in the order of the navigation: where they are, their key, who may. */
import type { Me, Permission } from "../api/session";
import { may } from "../api/session";

export const SCREENS = [
  { name: "group", key: "g", to: "/", permission: "read" },
  { name: "plant", key: "p", to: "/plant/$", permission: "read" },
  { name: "machine", key: "m", to: "/machine/$", permission: "read" },
  { name: "losses", key: "l", to: "/losses", permission: "read" },
  { name: "report", key: "s", to: "/report/$", permission: "read" },
  { name: "trends", key: "t", to: "/trends", permission: "read" },
  { name: "suppliers", key: "u", to: "/suppliers", permission: "read" },
  { name: "warehouse", key: "w", to: "/warehouse/$", permission: "read" },
  { name: "connectors", key: "c", to: "/connectors", permission: "read" },
  { name: "quality", key: "q", to: "/quality", permission: "read" },
  { name: "targets", key: "a", to: "/targets", permission: "read" },
  { name: "settings", key: ",", to: "/settings/$", permission: "self" },
] as const satisfies readonly { name: string; key: string; to: string; permission: Permission }[];

export type Screen = (typeof SCREENS)[number];

export function screensOf(who: Me): Screen[] {
  return SCREENS.filter(({ permission }) => may(who, permission));
}

/** Return the screen that an address shows. */
export function screenAt(pathname: string): Screen | undefined {
  const [, first = ""] = pathname.split("/");
  return SCREENS.find(({ to }) => to.split("/")[1] === first);
}
