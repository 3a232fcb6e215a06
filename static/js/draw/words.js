// The sentences of the drawing page.

// "a 7", "an 8", "an owl".
export function withArticle(label) {
  return `${/^(8|11$|18$|[aeiou])/i.test(label) ? "an" : "a"} ${label}`;
}

export function percent(share) {
  if (share >= 0.995) return "> 99 %";
  if (share < 0.005) return "< 1 %";
  return `${Math.round(share * 100)} %`;
}

// "only 9 %", as said of the label that the drawing claims.
export function slightly(share) {
  return share < 0.005 ? "less than 1 %" : `only ${percent(share)}`;
}

// What went wrong, that nothing was lost, and what to do. `retry` says what "send again" has to do first:
// "same" (send the very same again), "prompt" (ask for a prompt again), "reload" (the round has moved on),
// "login", or "change" (this drawing will never be accepted; the person has to change it).
export function trouble({ status, data, retryAfter }, { guest }) {
  const detail = typeof data.detail === "string" ? data.detail : "";
  const say = (title, sentence, retry) => ({ title, sentence, retry });
  if (status === 0) {
    return say("The site can't be reached.", "Your drawing is still here. Send it again when you are back online.", "same");
  }
  if (status === 401 || (status === 403 && !guest)) {
    return say("You are logged out.", "Your drawing is still here. Log in, and it will be on the sheet to send.", "login");
  }
  if (status === 409 && ["round_closed", "no_open_round"].includes(data.code)) {
    return say("The round has closed.", "Your drawing was not stored, and it stays on the sheet. Get a prompt of the round that is open now.", "reload");
  }
  if ([403, 404, 409].includes(status)) {
    return say("This prompt has ended.", `${detail} Your drawing stays on the sheet.`.trim(), "prompt");
  }
  if (status === 429) {
    const wait = Number(retryAfter) > 0 ? `Wait ${Math.ceil(Number(retryAfter))} seconds` : "Wait a moment";
    return say("That was too fast.", `Your drawing is still here. ${wait}, then send it again.`, "same");
  }
  if (status >= 500) {
    return say("The site stumbled.", `${detail || "Nothing was stored."} Your drawing is still here: send it again.`, "same");
  }
  return say("This drawing can't be used.", detail || "Change it and send it again.", "change");
}
