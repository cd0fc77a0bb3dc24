/** The addresses of the page. Each screen loads when it is first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import { texts } from "../i18n/messages";
import { Frame } from "./Frame";
import { lossSearchOf, searchOf, WALL, wallOf } from "./search";
import { TEXTS } from "./texts";
import { UnknownPage } from "./UnknownPage";

const root = createRootRoute({
  component: Frame,
  notFoundComponent: UnknownPage,
  validateSearch: wallOf,
  search: { middlewares: [retainSearchParams([...WALL])] },
});

/** Load a screen together with its texts. */
function withTexts<Module>(screen: keyof typeof TEXTS, load: () => Promise<Module>) {
  return async () => (await Promise.all([load(), texts.want(TEXTS[screen])]))[0];
}

const group = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("GroupScreen", () => import("../screens/Group/GroupScreen")),
    "GroupScreen",
  ),
});

const plant = createRoute({
  getParentRoute: () => root,
  path: "/plant/$",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("PlantScreen", () => import("../screens/Plant/PlantScreen")),
    "PlantScreen",
  ),
});

const machine = createRoute({
  getParentRoute: () => root,
  path: "/machine/$",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("MachineScreen", () => import("../screens/Machine/MachineScreen")),
    "MachineScreen",
  ),
});

const losses = createRoute({
  getParentRoute: () => root,
  path: "/losses",
  validateSearch: lossSearchOf,
  component: lazyRouteComponent(
    withTexts("LossesScreen", () => import("../screens/Losses/LossesScreen")),
    "LossesScreen",
  ),
});

const report = createRoute({
  getParentRoute: () => root,
  path: "/report/$",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("ReportScreen", () => import("../screens/Report/ReportScreen")),
    "ReportScreen",
  ),
});

const trends = createRoute({
  getParentRoute: () => root,
  path: "/trends",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("TrendsScreen", () => import("../screens/Trends/TrendsScreen")),
    "TrendsScreen",
  ),
});

const suppliers = createRoute({
  getParentRoute: () => root,
  path: "/suppliers",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("SuppliersScreen", () => import("../screens/Suppliers/SuppliersScreen")),
    "SuppliersScreen",
  ),
});

const warehouse = createRoute({
  getParentRoute: () => root,
  path: "/warehouse/$",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("WarehouseScreen", () => import("../screens/Warehouse/WarehouseScreen")),
    "WarehouseScreen",
  ),
});

const connectors = createRoute({
  getParentRoute: () => root,
  path: "/connectors",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("ConnectorsScreen", () => import("../screens/Connectors/ConnectorsScreen")),
    "ConnectorsScreen",
  ),
});

const quality = createRoute({
  getParentRoute: () => root,
  path: "/quality",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("QualityScreen", () => import("../screens/Quality/QualityScreen")),
    "QualityScreen",
  ),
});

const targets = createRoute({
  getParentRoute: () => root,
  path: "/targets",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("TargetsScreen", () => import("../screens/Targets/TargetsScreen")),
    "TargetsScreen",
  ),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings/$",
  validateSearch: searchOf,
  component: lazyRouteComponent(
    withTexts("SettingsScreen", () => import("../screens/Settings/SettingsScreen")),
    "SettingsScreen",
  ),
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
