// The drawing page: a prompt, a sheet, a verdict. The server decides everything that counts; this page must never lose
// a drawing. Here its parts are connected: buttons, keyboard, pen and files. states.js has what each state allows.

import { config } from "./config.js";
import { current, enter } from "./current.js";
import { clearSheet, pen, putPicture, undo } from "./editing.js";
import { loadPictures } from "./marks.js";
import { attachPen } from "./pen.js";
import { choose, getPrompt, next, reload, showTriesOfPrompt, skip } from "./prompts.js";
import { getPromptAndSend, send } from "./sending.js";
import { canvas, fitCanvas, repaint } from "./sheet.js";
import { showMessage, showPrompt } from "./show.js";
import { STATES } from "./states.js";
import { savedDrawing } from "./storage.js";

const part = (name) => document.querySelector(`#draw [data-part="${name}"]`);

const ACTIONS = {
  send,
  next,
  reload,
  clear: clearSheet,
  getPrompt: getPromptAndSend,
  logIn: () => location.assign(config.login_url),
};
const TAKES_ENTER = "a, button, input, textarea, select, summary";

const act = () => ACTIONS[STATES[current.state].action]();

function connectButtons() {
  part("primary").addEventListener("click", act);
  part("undo").addEventListener("click", undo);
  part("clear").addEventListener("click", clearSheet);
  part("skip").addEventListener("click", skip);
  for (const button of document.querySelectorAll("#draw [data-choose]")) {
    button.addEventListener("click", () => getPrompt(button.dataset.choose));
  }
}

function connectKeyboard() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey) {
      if (part("undo").disabled) return;
      event.preventDefault();
      undo();
    } else if (event.key === "Enter" && !event.repeat && !event.target.closest(TAKES_ENTER)) {
      if (!part("primary").disabled) act();
    }
  });
}

function connectFiles() {
  const file = document.querySelector('#draw input[type="file"]');
  part("upload").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    putPicture(file.files[0]);
    file.value = ""; // choosing the same file again is a change too
  });
  part("sheet").addEventListener("dragover", (event) => event.preventDefault());
  part("sheet").addEventListener("drop", (event) => {
    event.preventDefault();
    putPicture(event.dataTransfer.files[0]);
  });
}

async function start() {
  const saved = savedDrawing(config.task);
  if (saved) {
    Object.assign(current, { marks: saved.marks, prompt: saved.prompt, pending: saved.pending, tries: saved.tries });
    await loadPictures(current.marks).catch(() => {
      current.marks = [];
    });
  }
  fitCanvas();
  repaint();
  if (current.pending && current.prompt) {
    showPrompt(current.prompt.label);
    showTriesOfPrompt();
    showMessage("trouble", "This drawing was not answered.", "It is still here: send it again.");
    enter("sendFailed");
  } else if (config.free && config.guest && !current.prompt) {
    choose();
  } else {
    await getPrompt();
  }
}

connectButtons();
connectKeyboard();
connectFiles();
attachPen(canvas, config.size, pen);
new ResizeObserver(fitCanvas).observe(canvas);
start();
