// The table of the drawing page's states: what can be done in each, and how one leads to another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allows, controls, isLegal, STATES } from "../../static/js/draw/states.js";

const DRAWN = { hasMarks: true, isBlank: false, isAnswered: false, hasPrompt: true };
const LEAVES_THE_PAGE = ["reload", "logIn"];
const names = Object.keys(STATES);

function reachedFrom(start) {
  const reached = new Set([start]);
  for (const name of reached) for (const next of STATES[name].next) reached.add(next);
  return reached;
}

test("only states of the table follow", () => {
  for (const name of names)
    assert.deepEqual(
      STATES[name].next.filter((next) => !STATES[next]),
      [],
      name,
    );
});

test("every state can be reached from the first one", () => {
  assert.deepEqual(reachedFrom("loading"), new Set(names));
});

test("from every state one gets on to another drawing, or leaves the page for it", () => {
  for (const name of names) {
    const leaves = LEAVES_THE_PAGE.includes(STATES[name].action);
    assert.equal(reachedFrom(name).has("ready"), !leaves, name);
  }
});

test("only what is allowed stands in the table", () => {
  for (const name of names) {
    assert.deepEqual(
      STATES[name].allows.filter((what) => !["draw", "undo", "skip"].includes(what)),
      [],
      name,
    );
  }
});

test("while the site is asked, nothing can be pressed or drawn", () => {
  for (const name of ["loading", "sending"]) {
    const { enabled, canDraw, canUndo, canSkip } = controls(name, DRAWN);
    assert.deepEqual([enabled, canDraw, canUndo, canSkip], [false, false, false, false], name);
  }
});

test("a drawing is sent once: not a blank sheet, not what was answered already", () => {
  assert.ok(controls("ready", DRAWN).enabled);
  assert.ok(!controls("ready", { ...DRAWN, isBlank: true }).enabled);
  assert.ok(!controls("ready", { ...DRAWN, isAnswered: true }).enabled);
});

test("the button says what it does", () => {
  const button = (name) => controls(name, DRAWN).button;
  assert.equal(button("ready"), "Send");
  assert.equal(button("sending"), "Reading…");
  assert.equal(button("missed"), "Try again");
  assert.equal(button("fooled"), "Next drawing");
  assert.equal(button("exhausted"), "Next drawing");
  assert.equal(button("sendFailed"), "Send again");
  assert.equal(button("noPrompt"), "Get a prompt");
  assert.equal(button("roundClosed"), "Next round");
  assert.equal(button("loggedOut"), "Log in");
});

test("after a verdict or in trouble, the button can be pressed even though the sheet was answered", () => {
  for (const name of ["missed", "fooled", "exhausted", "sendFailed", "noPrompt", "roundClosed", "loggedOut"]) {
    assert.ok(controls(name, { ...DRAWN, isAnswered: true }).enabled, name);
  }
});

test("a drawing that can't be used has to be changed first", () => {
  const { enabled, canDraw, canUndo } = controls("unusable", DRAWN);
  assert.deepEqual([enabled, canDraw, canUndo], [false, true, true]);
  assert.ok(isLegal("unusable", "ready"));
});

test("whatever goes wrong, the drawing stays and can be changed", () => {
  const trouble = names.filter((name) => STATES[name].phase === "trouble");
  assert.equal(trouble.length, 5);
  for (const name of trouble) {
    assert.ok(allows(name, "draw") && allows(name, "undo"), name);
    assert.ok(isLegal("sending", name) && isLegal("loading", name), name);
  }
});

test("there is something to undo only where there are marks, and to skip only where there is a prompt", () => {
  assert.ok(controls("ready", DRAWN).canUndo);
  assert.ok(!controls("ready", { ...DRAWN, hasMarks: false }).canUndo);
  assert.ok(controls("ready", DRAWN).canSkip);
  assert.ok(!controls("ready", { ...DRAWN, hasPrompt: false }).canSkip);
});

test("once the prompt has ended, nothing is drawn or skipped any more", () => {
  for (const name of ["fooled", "exhausted"]) {
    const { canDraw, canUndo, canSkip } = controls(name, DRAWN);
    assert.deepEqual([canDraw, canUndo, canSkip], [false, false, false], name);
  }
});

test("a verdict follows only on sending, and taking back only on fooling", () => {
  const before = (state) => names.filter((name) => isLegal(name, state));
  assert.deepEqual(before("missed"), ["sending"]);
  assert.deepEqual(before("fooled"), ["sending"]);
  assert.deepEqual(before("exhausted"), ["sending", "fooled"]);
  assert.deepEqual(before("sending"), ["ready", "sendFailed"]);
});
