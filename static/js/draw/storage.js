// The drawing outlives a reload and a log-in in this tab. Storage can be full or off; then the page works without.

const name = (task) => `dadc.drawing.${task}`;

export function saveDrawing(task, drawing) {
  try {
    sessionStorage.setItem(name(task), JSON.stringify(drawing));
  } catch {
    // Nothing to do: the drawing is still on the sheet.
  }
}

export function savedDrawing(task) {
  try {
    return JSON.parse(sessionStorage.getItem(name(task)));
  } catch {
    return null;
  }
}

export function forgetDrawing(task) {
  try {
    sessionStorage.removeItem(name(task));
  } catch {
    // It was not saved either.
  }
}
