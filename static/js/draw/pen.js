// Mouse, pen and touch, through Pointer Events.

// Where the pointer is, in sheet coordinates with one decimal; `box` is the canvas on the screen, `size` the sheet's side.
export function sheetPoint({ clientX, clientY }, box, size) {
  const along = (position, start, length) => Math.round(((position - start) / length) * size * 10) / 10;
  return [along(clientX, box.left, box.width), along(clientY, box.top, box.height)];
}

// Calls begin(point), extend(points) and end() in sheet coordinates. One pointer draws at a time, so that a palm
// that rests on the screen leaves no mark.
export function attachPen(canvas, size, { begin, extend, end }) {
  let active = null;

  const point = (event) => sheetPoint(event, canvas.getBoundingClientRect(), size);

  canvas.addEventListener("pointerdown", (event) => {
    if (active !== null || event.button !== 0) return;
    event.preventDefault(); // no text selection, no scrolling, no focus change while drawing
    if (!begin(point(event))) return;
    active = event.pointerId;
    canvas.setPointerCapture(active);
  });

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== active) return;
    const events = event.getCoalescedEvents?.() ?? [];
    extend((events.length ? events : [event]).map(point));
  });

  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId !== active) return;
      active = null;
      end();
    });
  }
}
