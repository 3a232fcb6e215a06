// The drawing page: a prompt, a sheet, a verdict. The server decides everything that counts; this page must never lose
// a drawing. What is sent keeps its Idempotency-Key until it is answered or changed, so that sending again is safe.

import { askPrompt, giveUp, retract, sendDrawing } from "./api.js";
import { forget, keep, kept } from "./keep.js";
import { clear, exportPng, isBlank, loadPictures, paint, picture, stroke } from "./marks.js";
import { attachPen } from "./pen.js";
import { say, showBars, showPhase, showPractice, showPrompt, showRecord, showTries, verdictTitle } from "./show.js";
import { readPicture } from "./upload.js";
import { slightly, trouble, withArticle } from "./words.js";

const root = document.getElementById("draw");
const canvas = root.querySelector("canvas");
const primary = root.querySelector('[data-part="primary"]');
const config = {
  task: root.dataset.task,
  labels: JSON.parse(root.dataset.labels),
  size: Number(root.dataset.size),
  tries: Number(root.dataset.tries),
  round: Number(root.dataset.round),
  guest: root.dataset.guest === "yes",
  practice: Number(root.dataset.practiceLeft),
  onboarding: root.dataset.onboarding === "yes",
  free: root.dataset.free === "yes",
  loginUrl: root.dataset.loginUrl,
  adversary: root.dataset.adversary,
};

// `pending` is {key, png} from sending until the answer; `unsent` says whether the sheet differs from what was answered.
const state = { phase: "loading", prompt: null, marks: [], pending: null, tries: [], unsent: true, retry: null };
state.record = { fooled: Number(root.dataset.fooled), attempts: Number(root.dataset.attempts) };
state.practised = new Set(); // the ids of the prompts that this page got for practice

const BUTTON = {
  loading: "Send",
  choose: "Send",
  ready: "Send",
  sending: "Reading…",
  missed: "Try again",
  fooled: "Next drawing",
  exhausted: "Next drawing",
};
const RETRY_BUTTON = {
  same: "Send again",
  prompt: "Get a prompt",
  reload: "Next round",
  login: "Log in",
  change: "Send",
};

// --- Showing ---------------------------------------------------------------------------------------------------------

function refresh() {
  const { phase, marks } = state;
  const blank = isBlank(marks);
  const ready = phase === "ready" && !blank && state.unsent;
  const offers = ["missed", "fooled", "exhausted"].includes(phase);
  const retries = phase === "trouble" && !(state.retry === "change" && !state.unsent);
  showPhase(root, {
    phase,
    primary: phase === "trouble" ? RETRY_BUTTON[state.retry] : BUTTON[phase],
    enabled: ready || offers || retries,
    canDraw: canDraw(),
    canUndo: marks.length > 0 && ["ready", "missed", "trouble"].includes(phase),
    canSkip: state.prompt !== null && ["ready", "missed"].includes(phase),
  });
}

function canDraw() {
  return ["ready", "missed", "choose", "trouble"].includes(state.phase);
}

function setPhase(phase) {
  state.phase = phase;
  refresh();
}

function repaint() {
  paint(canvas.getContext("2d"), state.marks, { side: canvas.width, size: config.size });
}

// As many pixels as the screen has for it; what is sent does not depend on this.
function fitCanvas() {
  const side = Math.round(canvas.getBoundingClientRect().width * (window.devicePixelRatio || 1));
  if (!side || canvas.width === side) return;
  canvas.width = canvas.height = side;
  repaint();
}

function hint() {
  if (state.prompt) say("hint", "", `Any person should still read it as ${withArticle(state.prompt.label)}.`);
}

function showTriesOfPrompt() {
  showTries(state.tries, { count: state.prompt?.try_count ?? 0, most: config.tries });
}

// --- Keeping ---------------------------------------------------------------------------------------------------------

function save() {
  keep(config.task, { marks: state.marks, prompt: state.prompt, pending: state.pending, tries: state.tries });
}

function changed() {
  state.pending = null;
  state.unsent = true;
  if (state.phase === "missed" || (state.phase === "trouble" && state.retry === "change")) {
    setPhase("ready");
    hint();
  }
  repaint();
  refresh();
  save();
}

// --- Prompts ---------------------------------------------------------------------------------------------------------

async function getPrompt(label = null) {
  setPhase("loading");
  const before = state.prompt;
  const answer = await askPrompt(config.task, label);
  if (answer.data.code === "label" && config.free) return choose();
  if (!answer.ok) return fail(answer, "prompt");
  // Asked without a session, the API takes an account that was logged out for a guest who practises.
  if (answer.data.practice && !config.guest && !config.onboarding) return fail({ ...answer, status: 401 });
  state.prompt = answer.data;
  if (Number(answer.data.round) !== config.round) return toOpenRound();
  if (state.prompt.id !== before?.id) {
    state.tries = [];
    state.pending = null; // its key belongs to the prompt before
  }
  showPrompt(state.prompt.label);
  if (state.prompt.practice) state.practised.add(state.prompt.id);
  showPractice(state.prompt.practice ? config.practice - state.practised.size + 1 : 0);
  showBars(null);
  showTriesOfPrompt();
  setPhase("ready");
  hint();
  if (label !== null && label !== state.prompt.label) {
    say("hint", "", `You still have ${withArticle(state.prompt.label)} to draw. Skip it to choose another.`);
  } else if (!isBlank(state.marks) && before && before.label !== state.prompt.label) {
    say("hint", "Your drawing is still here.", `You drew ${withArticle(before.label)}; now ${withArticle(state.prompt.label)} is asked for. Clear the sheet, or use it.`);
  } else if (!isBlank(state.marks)) {
    say("hint", "Your drawing is still here.", "Go on with it, or send it.");
  }
  save();
}

function choose() {
  state.prompt = null;
  setPhase("choose");
  say("hint", "", "Choose what you want to draw.");
}

// The page is made for one round and its adversary; for another one it is loaded anew, with the drawing kept.
function toOpenRound() {
  state.pending = null;
  save();
  location.reload();
}

async function next() {
  state.marks = [];
  state.pending = null;
  state.unsent = true;
  forget(config.task);
  repaint();
  if (config.free) {
    showBars(null);
    return choose();
  }
  return getPrompt();
}

async function skip() {
  setPhase("loading");
  const answer = await giveUp(state.prompt.id);
  if (!answer.ok && answer.status !== 409) return fail(answer, "prompt");
  return next();
}

// --- Sending ---------------------------------------------------------------------------------------------------------

async function send() {
  state.pending ??= { key: randomKey(), png: exportPng(state.marks, config.size) };
  save();
  setPhase("sending");
  say("hint", "", `${config.adversary} is reading…`);
  const { key, png } = state.pending;
  const answer = await sendDrawing(state.prompt.id, key, png);
  if (answer.ok) return judge(answer.data, png);
  if (answer.data.code === "idempotency_key_reused") state.pending = null;
  return fail(answer);
}

// Not crypto.randomUUID: that is missing where the site is reached by plain http in a local network.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sharesOf({ probabilities }) {
  return Object.fromEntries(config.labels.map((label, index) => [label, probabilities[index]]));
}

function judge(example, png) {
  const shares = sharesOf(example);
  const last = !example.fooled && example.prompt_finished;
  state.pending = null;
  state.unsent = false;
  state.prompt.try_count = example.try_number;
  state.tries.push({ number: example.try_number, prediction: example.prediction, fooled: example.fooled, png });
  keep(config.task, { marks: [], prompt: state.prompt, pending: null, tries: state.tries });
  showBars(shares, { claimed: example.label, read: example.prediction, fooled: example.fooled });
  showTriesOfPrompt();
  count(example, 1);
  say(example.fooled ? "fooled" : "missed", verdictTitle(example, shares[example.prediction], last), afterwards(example, shares, last), offers(example, last));
  setPhase(example.fooled ? "fooled" : last ? "exhausted" : "missed");
}

// The adversary's record, by one try more or less.
function count({ fooled, practice }, tries) {
  if (practice) return;
  state.record.attempts += tries;
  state.record.fooled += fooled ? tries : 0;
  showRecord(state.record);
}

function afterwards({ label, fooled, practice }, shares, last) {
  if (!fooled) return last ? "The next one may be easier." : "Draw on a fresh sheet, or";
  const gave = `It gave ${withArticle(label)} ${slightly(shares[label])}.`;
  return practice ? `${gave} Practice, so not counted.` : `${gave} Other people now check it blind.`;
}

function offers(example, last) {
  const change = ["change this one", changeThis];
  const back = ["Take it back", () => takeBack(example, last)];
  const open = !example.fooled && !last;
  return [...(open ? [change] : []), ...(example.fooled && !example.practice ? [back] : [])];
}

// Not fooled: the drawing can be worked on instead of starting on a fresh sheet.
function changeThis() {
  setPhase("ready");
  say("hint", "", "Change it, then send it.");
}

async function takeBack(example, last) {
  const answer = await retract(example.id);
  if (answer.ok) {
    for (const tried of state.tries) tried.takenBack ||= tried.number === example.try_number;
    count(example, -1);
    showBars(null);
    showTriesOfPrompt();
    say("hint", "Taken back.", "It will not be counted or checked.");
    // Its prompt has ended, but nobody is fooled any more.
    if (state.phase === "fooled") setPhase("exhausted");
  } else {
    say("trouble", "It could not be taken back.", answer.data.detail || "Try again in a moment.", [["Try again", () => takeBack(example, last)]]);
  }
}

// --- When something goes wrong ---------------------------------------------------------------------------------------

function fail(answer, retry = null) {
  const { title, sentence, retry: usual } = trouble(answer, config);
  state.retry = retry && usual === "same" ? retry : usual;
  if (state.retry === "change") state.unsent = false;
  say("trouble", title, sentence);
  setPhase("trouble");
  save();
}

async function sendAgain() {
  if (state.retry === "same") return send();
  if (state.retry === "login") return location.assign(config.loginUrl);
  if (state.retry === "reload") return toOpenRound();
  const [before, pending] = [state.prompt?.id, state.pending];
  await getPrompt();
  // The same prompt still stands: nothing for the person to decide.
  if (state.phase === "ready" && pending && state.prompt.id === before) return send();
}

// --- Wiring ----------------------------------------------------------------------------------------------------------

function act() {
  if (state.phase === "ready") return send();
  if (state.phase === "trouble") return state.retry === "change" ? send() : sendAgain();
  if (state.phase === "missed") return freshSheet();
  return next();
}

function freshSheet() {
  state.marks.push(clear());
  changed();
}

function undo() {
  state.marks.pop();
  changed();
}

function pick(file) {
  if (!file || !canDraw()) return;
  readPicture(file, config.size)
    .then(async (src) => {
      state.marks.push(clear(), picture(src));
      await loadPictures(state.marks);
      if (state.phase === "ready") hint(); // where the last file was no good, that is over
      changed();
    })
    .catch((error) => say("trouble", "That picture can't be used.", error.message));
}

attachPen(canvas, config.size, {
  begin(point) {
    if (["fooled", "exhausted"].includes(state.phase)) primary.focus({ preventScroll: true });
    if (!canDraw()) return false;
    // After a verdict, the pen starts on a fresh sheet; undo brings the last drawing back.
    if (state.phase === "missed") state.marks.push(clear());
    state.marks.push(stroke(point));
    changed();
    return true;
  },
  extend(points) {
    state.marks.at(-1).points.push(...points);
    requestAnimationFrame(repaint);
  },
  end: changed,
});

primary.addEventListener("click", act);
root.querySelector('[data-part="undo"]').addEventListener("click", undo);
root.querySelector('[data-part="clear"]').addEventListener("click", freshSheet);
root.querySelector('[data-part="skip"]').addEventListener("click", skip);
for (const button of root.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => getPrompt(button.dataset.choose));
}

const file = root.querySelector('input[type="file"]');
root.querySelector('[data-part="upload"]').addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  pick(file.files[0]);
  file.value = ""; // choosing the same file again is a change too
});
const sheet = root.querySelector('[data-part="sheet"]');
sheet.addEventListener("dragover", (event) => event.preventDefault());
sheet.addEventListener("drop", (event) => {
  event.preventDefault();
  pick(event.dataTransfer.files[0]);
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey) {
    if (root.querySelector('[data-part="undo"]').disabled) return;
    event.preventDefault();
    undo();
  } else if (event.key === "Enter" && !event.repeat && !event.target.closest("a, button, input, textarea, select, summary")) {
    if (!primary.disabled) act();
  }
});

new ResizeObserver(fitCanvas).observe(canvas);

async function start() {
  const saved = kept(config.task);
  if (saved) {
    Object.assign(state, { marks: saved.marks, prompt: saved.prompt, pending: saved.pending, tries: saved.tries });
    await loadPictures(state.marks).catch(() => (state.marks = []));
  }
  fitCanvas();
  repaint();
  if (state.pending && state.prompt) {
    showPrompt(state.prompt.label);
    showTriesOfPrompt();
    state.retry = "same";
    say("trouble", "This drawing was not answered.", "It is still here: send it again.");
    setPhase("trouble");
  } else if (config.free && config.guest && !state.prompt) {
    choose();
  } else {
    await getPrompt();
  }
}

start();
