// When a call fails: what went wrong is shown, and the drawing stays.

import { config } from "./config.js";
import { current, enter, save } from "./current.js";
import { showMessage } from "./show.js";
import { explainFailure } from "./words.js";

// `retryState`: the state for what may go well when it is tried again.
export function fail(answer, retryState = "sendFailed") {
  const { title, sentence, state } = explainFailure(answer, config);
  if (state === "unusable") current.isAnswered = true;
  showMessage("trouble", title, sentence);
  enter(state === "sendFailed" ? retryState : state);
  save();
}
