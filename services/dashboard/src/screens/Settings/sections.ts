/** The sections of the settings: each has an address, loads when it is opened, and belongs to a role. */
import { type ComponentType, lazy } from "react";
import type { Permission } from "../../api/session";

export interface SectionProps {
  /** What follows the section in the address, such as the name of a mapping. */
  rest: string;
}

interface Section {
  /** Last part of the address and of the key of its name. */
  name: (typeof SECTION_NAMES)[number];
  component: ComponentType<SectionProps>;
  /** The section is not offered without it; by address the API answers why. */
  permission?: Permission;
}

const SECTION_NAMES = [
  "plants",
  "reasons",
  "mappings",
  "supply",
  "keys",
  "sessions",
  "people",
  "account",
  "audit",
] as const;

export const SECTIONS: readonly Section[] = [
  {
    name: "plants",
    component: lazy(async () => ({ default: (await import("./PlantsSection")).PlantsSection })),
  },
  {
    name: "reasons",
    component: lazy(async () => ({ default: (await import("./ReasonsSection")).ReasonsSection })),
  },
  {
    name: "mappings",
    component: lazy(async () => ({ default: (await import("./MappingSection")).MappingSection })),
  },
  {
    name: "supply",
    component: lazy(async () => ({ default: (await import("./SupplySection")).SupplySection })),
  },
  {
    name: "keys",
    component: lazy(async () => ({ default: (await import("./KeysSection")).KeysSection })),
    permission: "keys:write",
  },
  {
    name: "sessions",
    component: lazy(async () => ({ default: (await import("./SessionsSection")).SessionsSection })),
  },
  {
    name: "people",
    component: lazy(async () => ({ default: (await import("./PeopleSection")).PeopleSection })),
    permission: "users:write",
  },
  {
    name: "account",
    component: lazy(async () => ({ default: (await import("./AccountSection")).AccountSection })),
  },
  {
    name: "audit",
    component: lazy(async () => ({ default: (await import("./AuditSection")).AuditSection })),
  },
];
