// Runs before the page is painted, so that nobody sees the wrong theme flash by: hence a classic script in the head.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("dadc.theme");
    } catch {
      return null; // storage is off: follow the system
    }
  }

  function apply() {
    root.dataset.bsTheme = chosen() || (dark.matches ? "dark" : "light");
    root.classList.add("js");
  }

  apply();
  dark.addEventListener("change", apply);
})();
