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

// "only 9 %", of the label that the drawing claims.
export function smallShare(share) {
  return share < 0.005 ? "less than 1 %" : `only ${percent(share)}`;
}

export function labelHint(label) {
  return `Any person should still read it as ${withArticle(label)}.`;
}

// Once there is a prompt. `chosen` is the label that somebody chose, `before` that of the prompt before, where there was
// one; `hasDrawing` says whether something is on the sheet already.
export function promptHint(label, { chosen = null, before = label, hasDrawing = false } = {}) {
  if (chosen !== null && chosen !== label) {
    return { title: "", sentence: `You still have ${withArticle(label)} to draw. Skip it to choose another.` };
  }
  if (!hasDrawing) return { title: "", sentence: labelHint(label) };
  const title = "Your drawing is still here.";
  if (before === label) return { title, sentence: "Go on with it, or send it." };
  const sentence = `You drew ${withArticle(before)}; now ${withArticle(label)} is asked for. Clear the sheet, or use it.`;
  return { title, sentence };
}

// What follows the verdict; `share` is what the adversary gave to the label that was drawn.
export function afterVerdict({ label, fooled, practice }, share, isLast) {
  if (!fooled) return isLast ? "The next one may be easier." : "Draw on a fresh sheet, or";
  const gave = `It gave ${withArticle(label)} ${smallShare(share)}.`;
  return practice ? `${gave} Practice, so not counted.` : `${gave} Other people now check it blind.`;
}

// The adversary's, as the server sets it in templates/partials/adversary.html.
export function recordSentence({ fooled, attempts }) {
  if (attempts === 0) return "No try has counted against it yet.";
  return `Fooled ${fooled} ${fooled === 1 ? "time" : "times"} in ${attempts} ${attempts === 1 ? "try" : "tries"}.`;
}

export function practiceSentence(left) {
  if (left === 1) return "You are new here. This one is practice still: the next one counts.";
  const more = left === 2 ? "one" : left - 1;
  return `You are new here. This one and the next ${more} are practice, then they count.`;
}

// What went wrong, that nothing was lost, and what to do: {title, sentence, state}, the state by its name in states.js.
// `codes` are the API's error codes, by the names of rounds/errors.py.
export function explainFailure({ status, data, retryAfter }, { guest, codes }) {
  const detail = typeof data.detail === "string" ? data.detail : "";
  if (status === 0) {
    return {
      title: "The site can't be reached.",
      sentence: "Your drawing is still here. Send it again when you are back online.",
      state: "sendFailed",
    };
  }
  if (status === 401 || (status === 403 && !guest)) {
    return {
      title: "You are logged out.",
      sentence: "Your drawing is still here. Log in, and it will be on the sheet to send.",
      state: "loggedOut",
    };
  }
  if (status === 409 && [codes.ROUND_CLOSED, codes.NO_OPEN_ROUND].includes(data.code)) {
    return {
      title: "The round has closed.",
      sentence: "Your drawing was not stored, and it stays on the sheet. Get a prompt of the round that is open now.",
      state: "roundClosed",
    };
  }
  if ([403, 404, 409].includes(status)) {
    return {
      title: "This prompt has ended.",
      sentence: `${detail} Your drawing stays on the sheet.`.trim(),
      state: "noPrompt",
    };
  }
  if (status === 429) {
    const wait = Number(retryAfter) > 0 ? `Wait ${Math.ceil(Number(retryAfter))} seconds` : "Wait a moment";
    return {
      title: "That was too fast.",
      sentence: `Your drawing is still here. ${wait}, then send it again.`,
      state: "sendFailed",
    };
  }
  if (status >= 500) {
    return {
      title: "The site has a problem.",
      sentence: `${detail || "Nothing was stored."} Your drawing is still here: send it again.`,
      state: "sendFailed",
    };
  }
  return {
    title: "This drawing can't be used.",
    sentence: detail || "Change it and send it again.",
    state: "unusable",
  };
}
