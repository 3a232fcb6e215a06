// The sentences of the drawing page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STATES } from "../../static/js/draw/states.js";
import {
  afterVerdict,
  explainFailure,
  percent,
  practiceSentence,
  promptHint,
  recordSentence,
  smallShare,
  withArticle,
} from "../../static/js/draw/words.js";

const CODES = { ROUND_CLOSED: "round_closed", NO_OPEN_ROUND: "no_open_round" };

test("the article goes by how the label is spoken", () => {
  const spoken = ["7", "8", "18", "80", "11", "1", "118", "owl", "Apple", "bee"].map(withArticle);
  assert.deepEqual(spoken, ["a 7", "an 8", "an 18", "an 80", "an 11", "a 1", "a 118", "an owl", "an Apple", "a bee"]);
});

test("a share is whole percents, and never 0 or 100", () => {
  const shown = [0, 0.004, 0.005, 0.874, 0.994, 0.995, 1].map((share) => percent(share).replaceAll("\u00a0", " "));
  assert.deepEqual(shown, ["< 1 %", "< 1 %", "1 %", "87 %", "99 %", "> 99 %", "> 99 %"]);
});

test("a small share reads as one", () => {
  assert.equal(smallShare(0.001), "less than 1 %");
  assert.equal(smallShare(0.09), "only 9\u00a0%");
});

test("the record counts one time and one try as such", () => {
  assert.equal(recordSentence({ fooled: 0, attempts: 0 }), "No try has counted against it yet.");
  assert.equal(recordSentence({ fooled: 1, attempts: 1 }), "Fooled 1 time in 1 try.");
  assert.equal(recordSentence({ fooled: 2, attempts: 7 }), "Fooled 2 times in 7 tries.");
});

test("somebody new reads how many drawings are practice", () => {
  assert.match(practiceSentence(1), /This one is practice still: the next one counts/);
  assert.match(practiceSentence(2), /This one and the next one are practice/);
  assert.match(practiceSentence(4), /This one and the next 3 are practice/);
});

test("with a blank sheet, a prompt comes with what people should still read", () => {
  assert.deepEqual(promptHint("8", { before: "7" }), {
    title: "",
    sentence: "Any person should still read it as an 8.",
  });
});

test("a drawing for the same label is gone on with, one for another label is the person's choice", () => {
  assert.match(promptHint("8", { before: "8", hasDrawing: true }).sentence, /Go on with it/);
  assert.match(promptHint("8", { hasDrawing: true }).sentence, /Go on with it/);
  const { title, sentence } = promptHint("8", { before: "7", hasDrawing: true });
  assert.equal(title, "Your drawing is still here.");
  assert.equal(sentence, "You drew a 7; now an 8 is asked for. Clear the sheet, or use it.");
});

test("somebody who chose another label than the open prompt's is reminded of that prompt", () => {
  assert.match(promptHint("8", { chosen: "3", before: "8", hasDrawing: true }).sentence, /You still have an 8 to draw/);
  assert.match(promptHint("3", { chosen: "3" }).sentence, /still read it as a 3/);
});

test("after the verdict it is said what happens to the drawing", () => {
  const fooled = { label: "8", fooled: true, practice: false };
  assert.equal(afterVerdict(fooled, 0.09, false), "It gave an 8 only 9\u00a0%. Other people now check it blind.");
  assert.match(afterVerdict({ ...fooled, practice: true }, 0.09, false), /Practice, so not counted/);
  assert.match(afterVerdict({ ...fooled, fooled: false }, 0.9, false), /fresh sheet/);
  assert.match(afterVerdict({ ...fooled, fooled: false }, 0.9, true), /next one may be easier/);
});

function failed(status, { guest = false, retryAfter = null, ...data } = {}) {
  return explainFailure({ status, data, retryAfter }, { guest, codes: CODES });
}

test("each failure leads to the state in which it can be mended", () => {
  const state = (...answer) => failed(...answer).state;
  assert.equal(state(0), "sendFailed");
  assert.equal(state(401), "loggedOut");
  assert.equal(state(403), "loggedOut");
  assert.equal(state(403, { guest: true }), "noPrompt");
  assert.equal(state(404), "noPrompt");
  assert.equal(state(409, { code: "prompt_finished" }), "noPrompt");
  assert.equal(state(409, { code: "round_closed" }), "roundClosed");
  assert.equal(state(409, { code: "no_open_round" }), "roundClosed");
  assert.equal(state(429), "sendFailed");
  assert.equal(state(500), "sendFailed");
  assert.equal(state(503), "sendFailed");
  assert.equal(state(400), "unusable");
  assert.equal(state(413), "unusable");
});

test("every failure leads to a state of the table, with a title and a sentence", () => {
  for (const status of [0, 400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503]) {
    const { title, sentence, state } = failed(status);
    assert.equal(STATES[state].phase, "trouble", `${status}`);
    assert.ok(title.endsWith(".") && sentence.endsWith("."), `${status}`);
  }
});

test("the site's own sentence is shown where there is one", () => {
  assert.equal(failed(400, { detail: "The drawing is blank." }).sentence, "The drawing is blank.");
  assert.match(
    failed(503, { detail: "It can't be loaded." }).sentence,
    /^It can't be loaded\. Your drawing is still here/,
  );
  assert.match(failed(409, { detail: "It is finished." }).sentence, /^It is finished\. Your drawing stays/);
  assert.equal(failed(409).sentence, "Your drawing stays on the sheet.");
  assert.equal(failed(400, { detail: ["no", "text"] }).sentence, "Change it and send it again.");
});

test("too many requests: the wait that the site names, in whole seconds", () => {
  assert.match(failed(429, { retryAfter: "6.2" }).sentence, /Wait 7 seconds/);
  assert.match(failed(429, { retryAfter: "soon" }).sentence, /Wait a moment/);
});
