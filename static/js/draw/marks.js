// A drawing is a list of marks in sheet coordinates: strokes, uploaded pictures, and "clear". So it can be painted sharp
// on any screen, exported at exactly the size that the server scores, undone mark by mark, and stored as text.

// As wide, on the sheet, as a pen stroke of MNIST: about 1.8 of 28 pixels.
const PEN_SHARE = 18 / 280;
const INK = "#1b1f24";

const pictures = new Map(); // data URL → loaded image

export const stroke = (point) => ({ kind: "stroke", points: [point] });
export const picture = (src) => ({ kind: "picture", src });
export const clear = () => ({ kind: "clear" });

// What is on the sheet: the marks since it was last cleared.
export function visible(marks) {
  return marks.slice(marks.findLastIndex((mark) => mark.kind === "clear") + 1);
}

export function isBlank(marks) {
  return visible(marks).length === 0;
}

// Pictures decode asynchronously; once they are loaded, painting is synchronous.
export async function loadPictures(marks) {
  for (const { kind, src } of marks) {
    if (kind !== "picture" || pictures.has(src)) continue;
    const image = new Image();
    image.src = src;
    await image.decode();
    pictures.set(src, image);
  }
}

// Paints onto a context whose canvas is `side` pixels wide; `size` is the side in sheet coordinates.
export function paint(context, marks, { side, size, paper = null, ink = INK }) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, side, side);
  if (paper) {
    context.fillStyle = paper;
    context.fillRect(0, 0, side, side);
  }
  context.scale(side / size, side / size);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = PEN_SHARE * size;
  context.lineCap = context.lineJoin = "round";
  for (const mark of visible(marks)) {
    if (mark.kind === "picture") context.drawImage(pictures.get(mark.src), 0, 0, size, size);
    else paintStroke(context, mark.points);
  }
}

// Curves through the middles between points: smooth, and without overshooting where the pen turned sharply.
function paintStroke(context, points) {
  const [first, ...rest] = points;
  context.beginPath();
  if (rest.length === 0) {
    context.arc(first[0], first[1], context.lineWidth / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(...first);
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    [x, y] = [nextX, nextY];
  }
  context.lineTo(x, y);
  context.stroke();
}

// The drawing as the server scores it: black ink on white paper, `size` pixels wide whatever the screen.
export function exportPng(marks, size) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  paint(canvas.getContext("2d"), marks, { side: size, size, paper: "#fff", ink: "#000" });
  return canvas.toDataURL("image/png");
}
