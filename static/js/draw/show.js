// Everything that the drawing page shows. Functions of what they are given; the page's state is in current.js.

import { percent, practiceSentence, recordSentence, withArticle } from "./words.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);

// element("b", "fooled", "7") → <b class="fooled">7</b>; text only, so nothing that is shown can be markup.
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function showPrompt(label) {
  const [article, ...name] = withArticle(label).split(" ");
  part("prompt").replaceChildren(`Draw ${article} `, element("b", "", name.join(" ")));
  part("against-label").textContent = withArticle(label);
  document.title = document.title.replace(/^[^·]+/, `Draw ${withArticle(label)} `);
}

export function showControls({ phase, button, enabled, canDraw, canUndo, canSkip }) {
  document.getElementById("draw").dataset.phase = phase;
  const primary = part("primary");
  primary.firstElementChild.textContent = button;
  primary.disabled = !enabled;
  part("undo").disabled = part("clear").disabled = !canUndo;
  part("upload").disabled = !canDraw;
  part("skip").hidden = !canSkip;
}

export function focusPrimary() {
  part("primary").focus({ preventScroll: true });
}

// `links` are [text, function] pairs that follow the sentence.
export function showMessage(kind, title, sentence, links = []) {
  const heading = element("p", "verdict-title", ...[title].flat());
  const rest = element("p", "verdict-rest", sentence);
  for (const [index, [text, act]] of links.entries()) {
    rest.append(index ? " · " : " ", textButton(text, act));
  }
  const slot = part("verdict");
  slot.dataset.kind = kind;
  slot.replaceChildren(...(title ? [heading] : []), rest);
}

function textButton(text, act) {
  const made = element("button", "btn-text", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

export function verdictTitle({ prediction, fooled }, share, isLast) {
  const read = ["It read ", element("b", "", prediction), ` (${percent(share)}). `];
  if (fooled) return [...read, "Fooled!"];
  return [...read, isLast ? "Not fooled, and that was the last try." : "Not fooled, try again."];
}

export function showBars(shares, { claimed = null, read = null, fooled = false } = {}) {
  for (const row of part("bars").children) {
    const share = shares?.[row.dataset.label] ?? 0;
    row.style.setProperty("--share", share);
    row.classList.toggle("is-claimed", row.dataset.label === claimed);
    row.classList.toggle("is-read", row.dataset.label === read);
    row.classList.toggle("is-fooled", fooled && row.dataset.label === read);
    row.querySelector("[data-share]").textContent = shares ? percent(share) : "";
  }
}

export function showRecord(record) {
  part("record").textContent = recordSentence(record);
}

// `left`: the prompts of somebody's practice, this one included; 0 where it counts.
export function showPractice(left) {
  const notice = part("practice");
  if (!notice) return;
  notice.hidden = left < 1;
  notice.textContent = practiceSentence(left);
}

export function showTries(tries, { count, most }) {
  const left = most - count;
  part("tries-count").textContent =
    count === 0 ? `${most} tries for this one.` : `${count} ${count === 1 ? "try" : "tries"} so far, ${left} left.`;
  part("tries").replaceChildren(
    ...tries.map((tried) => {
      const image = element("img", "");
      image.src = tried.png;
      image.alt = `Try ${tried.number}`;
      image.width = image.height = 44;
      const outcome = tried.takenBack ? "taken back" : `read ${tried.prediction}`;
      return element("li", tried.fooled && !tried.takenBack ? "fooled" : "", image, element("span", "", outcome));
    }),
  );
}
