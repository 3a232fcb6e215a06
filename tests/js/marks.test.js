// The drawing as a list of marks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clear, isBlank, paint, stroke, visible } from "../../static/js/draw/marks.js";

const [one, other] = [stroke([10, 10]), stroke([20, 20])];

// A canvas context that notes what is called, with its arguments.
function recorder() {
  const calls = [];
  const note =
    (name) =>
    (...values) =>
      calls.push([name, ...values]);
  const names = ["setTransform", "clearRect", "fillRect", "scale", "beginPath", "arc", "fill", "moveTo"];
  const context = Object.fromEntries(
    [...names, "quadraticCurveTo", "lineTo", "stroke"].map((name) => [name, note(name)]),
  );
  return { context, calls: (name) => calls.filter(([called]) => called === name).map(([, ...values]) => values) };
}

test("what is on the sheet is what came after it was last cleared", () => {
  assert.deepEqual(visible([]), []);
  assert.deepEqual(visible([one, other]), [one, other]);
  assert.deepEqual(visible([one, clear(), other]), [other]);
  assert.deepEqual(visible([one, clear(), other, clear()]), []);
});

test("a sheet without marks is blank, and so is a cleared one", () => {
  assert.ok(isBlank([]));
  assert.ok(isBlank([one, clear()]));
  assert.ok(!isBlank([one]));
  assert.ok(!isBlank([clear(), one]));
});

test("undoing takes the last mark away, and undoing a clear brings the drawing back", () => {
  const marks = [one, other, clear()];
  marks.pop();
  assert.deepEqual(visible(marks), [one, other]);
  marks.pop();
  assert.deepEqual(visible(marks), [one]);
});

test("marks survive being stored as text", () => {
  const marks = [one, clear(), other];
  assert.deepEqual(JSON.parse(JSON.stringify(marks)), marks);
});

test("painting scales the sheet to the canvas and starts from an empty one", () => {
  const { context, calls } = recorder();
  paint(context, [], { side: 840, size: 280 });
  assert.deepEqual(calls("clearRect"), [[0, 0, 840, 840]]);
  assert.deepEqual(calls("scale"), [[3, 3]]);
  assert.deepEqual(calls("fillRect"), []);
  assert.equal(context.lineWidth, 18);
});

test("what is exported has paper under the ink", () => {
  const { context, calls } = recorder();
  paint(context, [], { side: 280, size: 280, paper: "#fff", ink: "#000" });
  assert.deepEqual(calls("fillRect"), [[0, 0, 280, 280]]);
  assert.equal(context.strokeStyle, "#000");
});

test("a tap leaves a dot, a stroke a line from its first point to its last", () => {
  const tap = recorder();
  paint(tap.context, [one], { side: 280, size: 280 });
  assert.deepEqual(tap.calls("arc"), [[10, 10, 9, 0, 2 * Math.PI]]);
  const line = recorder();
  paint(
    line.context,
    [
      {
        kind: "stroke",
        points: [
          [0, 0],
          [10, 0],
          [10, 10],
        ],
      },
    ],
    { side: 280, size: 280 },
  );
  assert.deepEqual(line.calls("moveTo"), [[0, 0]]);
  assert.deepEqual(line.calls("quadraticCurveTo"), [
    [0, 0, 5, 0],
    [10, 0, 10, 5],
  ]);
  assert.deepEqual(line.calls("lineTo"), [[10, 10]]);
});

test("what was cleared is not painted", () => {
  const { context, calls } = recorder();
  paint(context, [one, clear(), other], { side: 280, size: 280 });
  assert.deepEqual(calls("arc"), [[20, 20, 9, 0, 2 * Math.PI]]);
});
