// The sheet on the screen.

import { config } from "./config.js";
import { current } from "./current.js";
import { paint } from "./marks.js";

export const canvas = document.querySelector("#draw canvas");

export function repaint() {
  paint(canvas.getContext("2d"), current.marks, { side: canvas.width, size: config.size });
}

// As many pixels as the screen has for it; what is sent does not depend on this.
export function fitCanvas() {
  const side = Math.round(canvas.getBoundingClientRect().width * (window.devicePixelRatio || 1));
  if (!side || canvas.width === side) return;
  canvas.width = canvas.height = side;
  repaint();
}
