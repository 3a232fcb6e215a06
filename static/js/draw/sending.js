// Sending the drawing, its verdict, and taking it back. A drawing has one Idempotency-Key until it is answered or
// changed, so that sending it again stores nothing twice.

import { retract, sendDrawing } from "./api.js";
import { config } from "./config.js";
import { current, enter, save } from "./current.js";
import { fail } from "./failing.js";
import { exportPng } from "./marks.js";
import { getPrompt, showTriesOfPrompt } from "./prompts.js";
import { showBars, showMessage, showRecord, verdictTitle } from "./show.js";
import { saveDrawing } from "./storage.js";
import { afterVerdict } from "./words.js";

export async function send() {
  current.pending ??= { key: randomKey(), png: exportPng(current.marks, config.size) };
  save();
  enter("sending");
  showMessage("hint", "", `${config.adversary} is reading…`);
  const { key, png } = current.pending;
  const answer = await sendDrawing(current.prompt.id, key, png);
  if (answer.ok) return showVerdict(answer.data, png);
  if (answer.data.code === config.codes.IDEMPOTENCY_KEY_REUSED) current.pending = null;
  fail(answer);
}

// After “Get a prompt”: where the same prompt is still open, there is nothing for the person to decide.
export async function getPromptAndSend() {
  const { prompt, pending } = current;
  await getPrompt();
  if (current.state === "ready" && pending && current.prompt.id === prompt?.id) return send();
}

// Not crypto.randomUUID: that is missing where the site is reached by plain http in a local network.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function showVerdict(example, png) {
  const shares = Object.fromEntries(config.labels.map((label, index) => [label, example.probabilities[index]]));
  const isLast = !example.fooled && example.prompt_finished;
  current.pending = null;
  current.isAnswered = true;
  current.prompt.try_count = example.try_number;
  current.tries.push({ number: example.try_number, prediction: example.prediction, fooled: example.fooled, png });
  saveDrawing(config.task, { marks: [], prompt: current.prompt, pending: null, tries: current.tries });
  showBars(shares, { claimed: example.label, read: example.prediction, fooled: example.fooled });
  showTriesOfPrompt();
  addToRecord(example, 1);
  const kind = example.fooled ? "fooled" : "missed";
  const title = verdictTitle(example, shares[example.prediction], isLast);
  showMessage(kind, title, afterVerdict(example, shares[example.label], isLast), linksAfter(example, isLast));
  enter(isLast ? "exhausted" : kind);
}

// Not fooled: the drawing can be changed instead of starting on a fresh sheet. Fooled: it can be taken back.
function linksAfter(example, isLast) {
  if (example.fooled) return example.practice ? [] : [["Take it back", () => takeBack(example)]];
  return isLast ? [] : [["change this one", changeDrawing]];
}

function changeDrawing() {
  if (current.state !== "missed") return; // the next prompt is on its way already
  enter("ready");
  showMessage("hint", "", "Change it, then send it.");
}

// The adversary's record, by one try more or less.
function addToRecord({ fooled, practice }, tries) {
  if (practice) return;
  current.record.attempts += tries;
  current.record.fooled += fooled ? tries : 0;
  showRecord(current.record);
}

async function takeBack(example) {
  const answer = await retract(example.id);
  if (!answer.ok) {
    const sentence = answer.data.detail || "Try again in a moment.";
    return showMessage("trouble", "It could not be taken back.", sentence, [["Try again", () => takeBack(example)]]);
  }
  for (const tried of current.tries) tried.takenBack ||= tried.number === example.try_number;
  addToRecord(example, -1);
  showBars(null);
  showTriesOfPrompt();
  showMessage("hint", "Taken back.", "It will not be counted or checked.");
  // Its prompt has ended, but nobody is fooled any more.
  if (current.state === "fooled") enter("exhausted");
}
