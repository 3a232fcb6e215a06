// What to draw: getting a prompt, choosing a label, giving up, going on to the next one.

import { giveUp, requestPrompt } from "./api.js";
import { config } from "./config.js";
import { current, enter, save } from "./current.js";
import { fail } from "./failing.js";
import { isBlank } from "./marks.js";
import { repaint } from "./sheet.js";
import { showBars, showMessage, showPractice, showPrompt, showTries } from "./show.js";
import { forgetDrawing } from "./storage.js";
import { labelHint, promptHint } from "./words.js";

export async function getPrompt(label = null) {
  enter("loading");
  const before = current.prompt;
  const answer = await requestPrompt(config.task, label);
  if (answer.data.code === config.codes.LABEL_MISSING && config.free) return choose();
  if (!answer.ok) return fail(answer, "noPrompt");
  // Without a session, the API takes an account that was logged out for a guest who practises.
  if (answer.data.practice && !config.guest && !config.onboarding) return fail({ ...answer, status: 401 });
  current.prompt = answer.data;
  if (current.prompt.round !== config.round) return reload();
  if (current.prompt.id !== before?.id) {
    current.tries = [];
    current.pending = null; // its key belongs to the prompt before
  }
  showPrompt(current.prompt.label);
  if (current.prompt.practice) current.practicePrompts.add(current.prompt.id);
  showPractice(current.prompt.practice ? config.practice_left - current.practicePrompts.size + 1 : 0);
  showBars(null);
  showTriesOfPrompt();
  enter("ready");
  const { title, sentence } = promptHint(current.prompt.label, {
    chosen: label,
    before: before?.label,
    hasDrawing: !isBlank(current.marks),
  });
  showMessage("hint", title, sentence);
  save();
}

export function choose() {
  current.prompt = null;
  enter("choose");
  showMessage("hint", "", "Choose what you want to draw.");
}

export async function next() {
  current.marks = [];
  current.pending = null;
  current.isAnswered = false;
  forgetDrawing(config.task);
  repaint();
  if (!config.free) return getPrompt();
  showBars(null);
  choose();
}

export async function skip() {
  enter("loading");
  const answer = await giveUp(current.prompt.id);
  if (!answer.ok && answer.status !== 409) return fail(answer, "noPrompt");
  return next();
}

// The page is made for one round and its adversary; for another one it is loaded anew, with the drawing saved.
export function reload() {
  current.pending = null;
  save();
  location.reload();
}

export function showHint() {
  if (current.prompt) showMessage("hint", "", labelHint(current.prompt.label));
}

export function showTriesOfPrompt() {
  showTries(current.tries, { count: current.prompt?.try_count ?? 0, most: config.tries });
}
