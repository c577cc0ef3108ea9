// The nodes' colour, so that lanes stand out in a graph.
import { app } from "../../scripts/app.js";

const COLOUR = "#233";
const GROUND = "#355";

app.registerExtension({
  name: "amdm.colours",
  nodeCreated(node) {
    if (node.comfyClass?.startsWith("AMDM")) {
      node.color ??= COLOUR;
      node.bgcolor ??= GROUND;
    }
  },
});
