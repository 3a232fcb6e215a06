// From the pointer on the screen to the sheet, and which pointer draws.

import assert from "node:assert/strict";
import { test } from "node:test";
import { attachPen, sheetPoint } from "../../static/js/draw/pen.js";

const BOX = { left: 100, top: 50, width: 560, height: 560 };

test("a point of the screen becomes one of the sheet, whatever its size on the screen", () => {
  assert.deepEqual(sheetPoint({ clientX: 100, clientY: 50 }, BOX, 280), [0, 0]);
  assert.deepEqual(sheetPoint({ clientX: 660, clientY: 610 }, BOX, 280), [280, 280]);
  assert.deepEqual(sheetPoint({ clientX: 380, clientY: 330 }, { ...BOX, width: 280 }, 280), [280, 140]);
});

test("one decimal is enough", () => {
  assert.deepEqual(sheetPoint({ clientX: 100.33, clientY: 50.11 }, BOX, 280), [0.2, 0.1]);
});

// A canvas at BOX, and the calls that the pen makes.
function drawingOn({ accepts = true } = {}) {
  const listeners = {};
  const calls = [];
  const canvas = {
    addEventListener: (name, listener) => (listeners[name] = listener),
    getBoundingClientRect: () => BOX,
    setPointerCapture() {},
  };
  attachPen(canvas, 280, {
    begin: (point) => calls.push(["begin", point]) && accepts,
    extend: (points) => calls.push(["extend", points]),
    end: () => calls.push(["end"]),
  });
  const fire = (name, pointerId, event = {}) =>
    listeners[name]({ pointerId, button: 0, clientX: 100, clientY: 50, preventDefault() {}, ...event });
  return { calls, fire };
}

test("a stroke begins, goes on and ends", () => {
  const { calls, fire } = drawingOn();
  fire("pointerdown", 1);
  fire("pointermove", 1, { clientX: 120 });
  fire("pointerup", 1);
  assert.deepEqual(calls, [["begin", [0, 0]], ["extend", [[10, 0]]], ["end"]]);
});

test("points between two frames are drawn as well", () => {
  const { calls, fire } = drawingOn();
  fire("pointerdown", 1);
  const between = [102, 104].map((clientX) => ({ clientX, clientY: 50 }));
  fire("pointermove", 1, { getCoalescedEvents: () => between });
  assert.deepEqual(calls[1], [
    "extend",
    [
      [1, 0],
      [2, 0],
    ],
  ]);
});

test("a second pointer, a palm that rests on the screen, leaves no mark", () => {
  const { calls, fire } = drawingOn();
  fire("pointerdown", 1);
  fire("pointerdown", 2);
  fire("pointermove", 2);
  fire("pointerup", 2);
  assert.deepEqual(calls, [["begin", [0, 0]]]);
});

test("only the first button draws", () => {
  const { calls, fire } = drawingOn();
  fire("pointerdown", 1, { button: 2 });
  assert.deepEqual(calls, []);
});

test("where drawing is not allowed, moving draws nothing", () => {
  const { calls, fire } = drawingOn({ accepts: false });
  fire("pointerdown", 1);
  fire("pointermove", 1);
  fire("pointerup", 1);
  assert.deepEqual(calls, [["begin", [0, 0]]]);
});

test("a pointer that the browser takes over ends its stroke", () => {
  const { calls, fire } = drawingOn();
  fire("pointerdown", 1);
  fire("pointercancel", 1);
  assert.deepEqual(calls.at(-1), ["end"]);
});
