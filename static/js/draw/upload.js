// A picture from a file, put onto the sheet: what is sent is always what is seen.

const MOST_BYTES = 5 * 1024 * 1024;
const TYPES = ["image/png", "image/jpeg"];

// A data URL of the picture, fitted into a square of `size` pixels. Throws an Error whose message is for the person.
export async function readPicture(file, size) {
  if (!TYPES.includes(file.type)) throw new Error("That file is no PNG or JPEG. Save the picture as one of these.");
  if (file.size > MOST_BYTES) throw new Error("That file is larger than 5 MB. Send a smaller picture.");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("That picture can't be opened: it is damaged or cut off. Export it again.");
  }
  return fitted(bitmap, size);
}

function fitted(bitmap, size) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const scale = size / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale)];
  const [left, top] = [(size - width) / 2, (size - height) / 2];
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.drawImage(bitmap, left, top, width, height);
  // The margins get the grey of the picture's own border: the server takes the border for the paper, and turns
  // chalk on a blackboard into ink on paper.
  const grey = borderGrey(context, Math.ceil(left), Math.ceil(top), Math.floor(width), Math.floor(height));
  context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
  context.fillRect(0, 0, size, size);
  context.drawImage(bitmap, left, top, width, height);
  return canvas.toDataURL("image/png");
}

function borderGrey(context, left, top, width, height) {
  const { data } = context.getImageData(left, top, Math.max(1, width), Math.max(1, height));
  const greys = [];
  for (let pixel = 0; pixel < data.length / 4; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
    greys.push((data[4 * pixel] + data[4 * pixel + 1] + data[4 * pixel + 2]) / 3);
  }
  greys.sort((a, b) => a - b);
  return Math.round(greys[Math.floor(greys.length / 2)] ?? 255);
}
