/** The addresses of the page. Each screen loads when it is first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { texts } from "../i18n/messages";
import { Frame } from "./Frame";
import { TEXTS } from "./texts";
import { UnknownPage } from "./UnknownPage";

/** What an address holds beside its path: the period of a screen. */
export interface PeriodSearch {
  start?: string;
  end?: string;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Return the texts of an address with these names. */
function textsOf<Name extends string>(
  search: Record<string, unknown>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = textOf(search[name]);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

/** What the address of the losses holds: of what, of when, grouped and ordered how. */
export interface LossSearch extends PeriodSearch {
  under?: string;
  by?: string;
  sort?: string;
  unit?: string;
  open?: string;
}

const LOSSES = ["start", "end", "under", "by", "sort", "unit", "open"] as const;
const lossSearchOf = (search: Record<string, unknown>) => textsOf(search, LOSSES);

/** What an address holds: texts alone; each screen checks the ones that it reads. */
export type ScreenSearch = Partial<Record<string, string>>;

function searchOf(search: Record<string, unknown>): ScreenSearch {
  return Object.fromEntries(
    Object.entries(search).flatMap(([name, value]) => {
      const text = textOf(value);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** What an address of any screen may hold: whether it is on a wall, and what comes after it. */
const WALL = ["kiosk", "rotate"] as const;
const wallOf = (search: Record<string, unknown>) => textsOf(search, WALL);

const root = createRootRoute({
  component: Frame,
  notFoundComponent: UnknownPage,
  validateSearch: wallOf,
  search: { middlewares: [retainSearchParams([...WALL])] },
});

/** Return a screen that is loaded, together with its texts, when somebody opens it. */
function screen<Name extends keyof typeof TEXTS, Module extends Record<Name, () => ReactNode>>(
  name: Name,
  load: () => Promise<Module>,
) {
  const both = async () => (await Promise.all([load(), texts.want(TEXTS[name])]))[0];
  return lazyRouteComponent(both, name);
}

const group = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: searchOf,
  component: screen("GroupScreen", () => import("../screens/Group/GroupScreen")),
});

const plant = createRoute({
  getParentRoute: () => root,
  path: "/plant/$",
  validateSearch: searchOf,
  component: screen("PlantScreen", () => import("../screens/Plant/PlantScreen")),
});

const machine = createRoute({
  getParentRoute: () => root,
  path: "/machine/$",
  validateSearch: searchOf,
  component: screen("MachineScreen", () => import("../screens/Machine/MachineScreen")),
});

const losses = createRoute({
  getParentRoute: () => root,
  path: "/losses",
  validateSearch: lossSearchOf,
  component: screen("LossesScreen", () => import("../screens/Losses/LossesScreen")),
});

const report = createRoute({
  getParentRoute: () => root,
  path: "/report/$",
  validateSearch: searchOf,
  component: screen("ReportScreen", () => import("../screens/Report/ReportScreen")),
});

const trends = createRoute({
  getParentRoute: () => root,
  path: "/trends",
  validateSearch: searchOf,
  component: screen("TrendsScreen", () => import("../screens/Trends/TrendsScreen")),
});

const suppliers = createRoute({
  getParentRoute: () => root,
  path: "/suppliers",
  validateSearch: searchOf,
  component: screen("SuppliersScreen", () => import("../screens/Suppliers/SuppliersScreen")),
});

const warehouse = createRoute({
  getParentRoute: () => root,
  path: "/warehouse/$",
  validateSearch: searchOf,
  component: screen("WarehouseScreen", () => import("../screens/Warehouse/WarehouseScreen")),
});

const connectors = createRoute({
  getParentRoute: () => root,
  path: "/connectors",
  validateSearch: searchOf,
  component: screen("ConnectorsScreen", () => import("../screens/Connectors/ConnectorsScreen")),
});

const quality = createRoute({
  getParentRoute: () => root,
  path: "/quality",
  validateSearch: searchOf,
  component: screen("QualityScreen", () => import("../screens/Quality/QualityScreen")),
});

const targets = createRoute({
  getParentRoute: () => root,
  path: "/targets",
  validateSearch: searchOf,
  component: screen("TargetsScreen", () => import("../screens/Targets/TargetsScreen")),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings/$",
  validateSearch: searchOf,
  component: screen("SettingsScreen", () => import("../screens/Settings/SettingsScreen")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    group,
    plant,
    machine,
    losses,
    report,
    trends,
    suppliers,
    warehouse,
    connectors,
    quality,
    targets,
    settings,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(
      pairs.map(([name, value]) => [name, String(value)]),
    ).toString();
    return text === "" ? "" : `?${text}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
