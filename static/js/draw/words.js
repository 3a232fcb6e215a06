// The sentences of the drawing page.

// "a 7", "an 8", "an owl".
export function withArticle(label) {
  return `${/^(8|11$|18$|[aeiou])/i.test(label) ? "an" : "a"} ${label}`;
}

export function percent(share) {
  if (share >= 0.995) return ">\u00a099\u00a0%";
  if (share < 0.005) return "<\u00a01\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

// "only 9 %", as said of the label that the drawing claims.
export function slightly(share) {
  return share < 0.005 ? "less than 1 %" : `only ${percent(share)}`;
}

// The adversary's, as the server sets it in templates/partials/adversary.html.
export function recordSentence({ fooled, attempts }) {
  if (attempts === 0) return "No try has counted against it yet.";
  return `Fooled ${fooled} ${fooled === 1 ? "time" : "times"} in ${attempts} ${attempts === 1 ? "try" : "tries"}.`;
}

export function practiceSentence(left) {
  const rest = left === 1 ? "This one is practice still: the next one counts." : `This one and the next ${left - 1 === 1 ? "one" : left - 1} are practice, then they count.`;
  return `You are new here. ${rest}`;
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
