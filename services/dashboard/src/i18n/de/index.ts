import type { Messages } from "../messages";
import common from "./common.json";
import group from "./group.json";
import losses from "./losses.json";
import machine from "./machine.json";
import plant from "./plant.json";
import states from "./states.json";

// A text that is missing in German fails the check of types.
const messages: Messages = { common, group, losses, machine, plant, states };

export default messages;
