import common from "./common.json";
import group from "./group.json";
import losses from "./losses.json";
import machine from "./machine.json";
import plant from "./plant.json";
import states from "./states.json";

export default { common, group, losses, machine, plant, states };
