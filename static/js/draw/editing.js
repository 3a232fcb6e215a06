// Changing the drawing: pen, undo, clear, and a picture from a file.

import { config } from "./config.js";
import { current, enter, refresh, save } from "./current.js";
import { clear, loadPictures, picture, stroke } from "./marks.js";
import { showHint } from "./prompts.js";
import { repaint } from "./sheet.js";
import { focusPrimary, showMessage } from "./show.js";
import { allows } from "./states.js";
import { readPicture } from "./upload.js";

function changed() {
  current.pending = null;
  current.isAnswered = false;
  if (["missed", "unusable"].includes(current.state)) {
    enter("ready");
    showHint();
  }
  repaint();
  refresh();
  save();
}

export function clearSheet() {
  current.marks.push(clear());
  changed();
}

export function undo() {
  current.marks.pop();
  changed();
}

export async function putPicture(file) {
  if (!file || !allows(current.state, "draw")) return;
  try {
    const source = await readPicture(file, config.size);
    current.marks.push(clear(), picture(source));
    await loadPictures(current.marks);
  } catch (error) {
    return showMessage("trouble", "That picture can't be used.", error.message);
  }
  if (current.state === "ready") showHint(); // where the last file was no good, that is over
  changed();
}

// For attachPen.
export const pen = {
  begin(point) {
    if (["fooled", "exhausted"].includes(current.state)) focusPrimary();
    if (!allows(current.state, "draw")) return false;
    // After a verdict, the pen starts on a fresh sheet; undo brings the last drawing back.
    if (current.state === "missed") current.marks.push(clear());
    current.marks.push(stroke(point));
    changed();
    return true;
  },
  extend(points) {
    current.marks.at(-1).points.push(...points);
    requestAnimationFrame(repaint);
  },
  end: changed,
};
