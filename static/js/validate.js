// Keys for validators: a label's own key, u for unreadable, a for abuse. The buttons do the work.
// Also a sentence when an answer did not arrive, which htmx does not report; when it did, what was recorded.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button || button.closest("fieldset:disabled")) return;
  event.preventDefault();
  button.click();
  if (button.matches("summary")) document.getElementById("reason").focus();
});

function showError(sentence) {
  const line = document.getElementById("validate-error");
  line.textContent = sentence;
  line.hidden = !sentence;
}

document.addEventListener("htmx:sendError", () => {
  showError("The site can't be reached, so your answer was not stored. Answer again when you are back online.");
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  const reload = detail.xhr.status === 403 ? "Reload the page, then answer again." : "Answer again in a moment.";
  showError(`Your answer was not stored. ${reload}`);
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.isError) showError("");
});

// The answer's button is gone with its drawing, and the focus with it: on to the next question.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.requestConfig.verb !== "post") return;
  document.getElementById("validate-status").textContent =
    document.querySelector("#validate-panel [data-confirmation]")?.textContent ?? "";
  document.querySelector("#validate-panel h1").focus();
});
