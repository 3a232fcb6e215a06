// The site's own API, with the session and its CSRF token. Never throws: every answer is {ok, status, data}.

const TIMEOUT_MS = 20_000;

// Read anew for every call: logging in, in this tab or another, changes the token.
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

// status 0: the site could not be reached or did not answer in time.
export async function post(path, { json = null, form = null, headers = {} } = {}) {
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "X-CSRFToken": csrfToken(),
        ...(json ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      body: form ?? (json ? JSON.stringify(json) : null),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const data = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, data, retryAfter: answer.headers.get("Retry-After") };
  } catch {
    return { ok: false, status: 0, data: {}, retryAfter: null };
  }
}

export const requestPrompt = (task, label) => post(`tasks/${task}/prompts/`, { json: label === null ? {} : { label } });
export const giveUp = (prompt) => post(`prompts/${prompt}/give_up/`, { json: {} });
export const retract = (example) => post(`examples/${example}/retract/`, { json: {} });

export async function sendDrawing(prompt, key, png) {
  const form = new FormData();
  form.append("image", pngBlob(png), "drawing.png");
  return post(`prompts/${prompt}/examples/`, { form, headers: { "Idempotency-Key": key } });
}

function pngBlob(dataUrl) {
  const bytes = Uint8Array.from(atob(dataUrl.split(",")[1]), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
