/** Which texts a screen has, beside those that are there from the first. A test compares them. */
import type { Part } from "../i18n/messages";

export const TEXTS = {
  GroupScreen: ["group"],
  PlantScreen: ["plant"],
  MachineScreen: ["machine", "rawMessage"],
  LossesScreen: ["losses", "machine"],
  ReportScreen: ["machine", "report"],
  TrendsScreen: ["machine", "trends"],
  SuppliersScreen: ["rawMessage", "suppliers"],
  WarehouseScreen: ["warehouse"],
  ConnectorsScreen: ["connectors"],
  QualityScreen: ["mappings", "quality", "rawMessage"],
  TargetsScreen: ["targets"],
  SettingsScreen: ["mappings", "settings", "supply"],
} as const satisfies Record<string, readonly Part[]>;
