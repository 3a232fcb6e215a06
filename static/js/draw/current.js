// Where the page is now: the state by its name in states.js, the prompt, and the drawing. Every change of state goes
// through `enter`.

import { config } from "./config.js";
import { isBlank } from "./marks.js";
import { showControls } from "./show.js";
import { controls, isLegal } from "./states.js";
import { saveDrawing } from "./storage.js";

export const current = {
  state: "loading",
  prompt: null, // as the API answered it
  marks: [],
  pending: null, // {key, png} from sending until the answer: sending again with the same key is safe
  isAnswered: false, // whether the sheet is as it was when the answer came
  tries: [], // those of the prompt: {number, prediction, fooled, png, takenBack}
  record: config.record, // the adversary's: {attempts, fooled}
  practicePrompts: new Set(), // ids of the prompts that this page got for practice
};

export function enter(state) {
  if (!isLegal(current.state, state)) throw new Error(`“${state}” can't follow “${current.state}”`);
  current.state = state;
  refresh();
}

export function refresh() {
  const { state, marks, isAnswered, prompt } = current;
  showControls(
    controls(state, { hasMarks: marks.length > 0, isBlank: isBlank(marks), isAnswered, hasPrompt: prompt !== null }),
  );
}

export function save() {
  const { marks, prompt, pending, tries } = current;
  saveDrawing(config.task, { marks, prompt, pending, tries });
}
