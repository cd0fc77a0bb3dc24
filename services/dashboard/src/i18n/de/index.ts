import type { Messages } from "../messages";
import common from "./common.json";
import connectors from "./connectors.json";
import group from "./group.json";
import losses from "./losses.json";
import machine from "./machine.json";
import mappings from "./mappings.json";
import plant from "./plant.json";
import quality from "./quality.json";
import rawMessage from "./rawMessage.json";
import report from "./report.json";
import settings from "./settings.json";
import states from "./states.json";
import suppliers from "./suppliers.json";
import supply from "./supply.json";
import targets from "./targets.json";
import trends from "./trends.json";
import warehouse from "./warehouse.json";

// A text that is missing in German fails the check of types.
const messages: Messages = {
  common,
  connectors,
  group,
  losses,
  machine,
  mappings,
  plant,
  quality,
  rawMessage,
  report,
  settings,
  states,
  suppliers,
  supply,
  targets,
  trends,
  warehouse,
};

export default messages;
