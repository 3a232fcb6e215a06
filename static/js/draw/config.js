// What the page was made for: the task, the open round and the visitor, as rounds/web/draw.py writes it into the page.
// `codes` are the error codes of the API, by the names of rounds/errors.py.

export const config = JSON.parse(document.getElementById("draw-config").textContent);
