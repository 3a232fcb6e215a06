// The drawing in this tab's storage.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { forgetDrawing, saveDrawing, savedDrawing } from "../../static/js/draw/storage.js";

const DRAWING = { marks: [{ kind: "stroke", points: [[1, 2]] }], prompt: { id: 3 }, pending: null, tries: [] };

function memory() {
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => items.set(name, value),
    removeItem: (name) => items.delete(name),
  };
}

// The browser's setting that forbids storage makes even reading the variable fail.
function useStorage(get) {
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get });
}

function forbidden() {
  throw new DOMException("storage is off", "SecurityError");
}

afterEach(() => delete globalThis.sessionStorage);

test("a drawing that was saved is there again", () => {
  const storage = memory();
  useStorage(() => storage);
  saveDrawing("digits", DRAWING);
  assert.deepEqual(savedDrawing("digits"), DRAWING);
});

test("each task has its own", () => {
  const storage = memory();
  useStorage(() => storage);
  saveDrawing("digits", DRAWING);
  assert.equal(savedDrawing("letters"), null);
});

test("a forgotten drawing is gone", () => {
  const storage = memory();
  useStorage(() => storage);
  saveDrawing("digits", DRAWING);
  forgetDrawing("digits");
  assert.equal(savedDrawing("digits"), null);
});

test("what is no drawing is none", () => {
  useStorage(() => ({ getItem: () => "{cut off" }));
  assert.equal(savedDrawing("digits"), null);
});

test("the page works without storage", () => {
  useStorage(forbidden);
  saveDrawing("digits", DRAWING);
  forgetDrawing("digits");
  assert.equal(savedDrawing("digits"), null);
});

test("a full storage is no failure", () => {
  useStorage(() => ({
    setItem() {
      throw new DOMException("full", "QuotaExceededError");
    },
  }));
  saveDrawing("digits", DRAWING);
});
