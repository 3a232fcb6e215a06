// The drawing outlives a reload and a log-in in this tab. Storage can be full or off; then the page works without.

const name = (task) => `dadc.drawing.${task}`;

export function keep(task, state) {
  try {
    sessionStorage.setItem(name(task), JSON.stringify(state));
  } catch {
    // Nothing to do: the drawing is still on the sheet.
  }
}

export function kept(task) {
  try {
    return JSON.parse(sessionStorage.getItem(name(task)));
  } catch {
    return null;
  }
}

export function forget(task) {
  try {
    sessionStorage.removeItem(name(task));
  } catch {
    // It was not kept either.
  }
}
