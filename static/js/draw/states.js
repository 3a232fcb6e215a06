// The states of the drawing page, as a table. No element of the page is touched here.
//
// phase: what the style sheet sees; every kind of trouble is one phase.
// button, action: what the primary button says, and which of the ACTIONS in page.js it calls; null: it is disabled.
// allows: "draw" (upload, too), "undo" (clear, too), "skip" (give up on the prompt).
// next: the states that may follow; none where the browser leaves the page.

const TROUBLE = ["sendFailed", "noPrompt", "roundClosed", "loggedOut", "unusable"];

// biome-ignore format: a table
export const STATES = {
  loading:     { phase: "loading",   button: "Send",         action: null,        allows: [],                       next: ["loading", "choose", "ready", ...TROUBLE] },
  choose:      { phase: "choose",    button: "Send",         action: null,        allows: ["draw"],                 next: ["loading"] },
  ready:       { phase: "ready",     button: "Send",         action: "send",      allows: ["draw", "undo", "skip"], next: ["sending", "loading"] },
  sending:     { phase: "sending",   button: "Reading…",     action: null,        allows: [],                       next: ["missed", "fooled", "exhausted", ...TROUBLE] },
  missed:      { phase: "missed",    button: "Try again",    action: "clear",     allows: ["draw", "undo", "skip"], next: ["ready", "loading"] },
  fooled:      { phase: "fooled",    button: "Next drawing", action: "next",      allows: [],                       next: ["exhausted", "loading", "choose"] },
  exhausted:   { phase: "exhausted", button: "Next drawing", action: "next",      allows: [],                       next: ["loading", "choose"] },
  sendFailed:  { phase: "trouble",   button: "Send again",   action: "send",      allows: ["draw", "undo"],         next: ["sending"] },
  noPrompt:    { phase: "trouble",   button: "Get a prompt", action: "getPrompt", allows: ["draw", "undo"],         next: ["loading"] },
  roundClosed: { phase: "trouble",   button: "Next round",   action: "reload",    allows: ["draw", "undo"],         next: [] },
  loggedOut:   { phase: "trouble",   button: "Log in",       action: "logIn",     allows: ["draw", "undo"],         next: [] },
  unusable:    { phase: "trouble",   button: "Send",         action: null,        allows: ["draw", "undo"],         next: ["ready"] },
};

export const isLegal = (from, to) => STATES[from].next.includes(to);
export const allows = (name, what) => STATES[name].allows.includes(what);

// What the page shows in a state. In "ready" the button waits for a drawing that has not been answered yet.
export function controls(name, { hasMarks, isBlank, isAnswered, hasPrompt }) {
  const { phase, button, action } = STATES[name];
  const nothingToSend = isBlank || isAnswered;
  return {
    phase,
    button,
    enabled: action !== null && !(name === "ready" && nothingToSend),
    canDraw: allows(name, "draw"),
    canUndo: allows(name, "undo") && hasMarks,
    canSkip: allows(name, "skip") && hasPrompt,
  };
}
