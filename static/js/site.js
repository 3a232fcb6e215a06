// What every page needs: the theme toggle, and buttons that copy a field.
(function () {
  const root = document.documentElement;

  function showTheme(toggle) {
    const other = root.dataset.bsTheme === "dark" ? "Light" : "Dark";
    toggle.querySelector("[data-theme-name]").textContent = other;
    toggle.setAttribute("aria-label", `Switch to the ${other.toLowerCase()} theme`);
  }

  function switchTheme(toggle) {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("dadc.theme", root.dataset.bsTheme);
    } catch {
      // Storage is off: the choice holds for this page.
    }
    showTheme(toggle);
  }

  function copyField(button) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    navigator.clipboard?.writeText(field.value).then(() => {
      button.textContent = "Copied";
    });
  }

  for (const toggle of document.querySelectorAll("[data-theme-toggle]")) {
    toggle.hidden = false;
    showTheme(toggle);
    toggle.addEventListener("click", () => switchTheme(toggle));
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copyField(button));
  }
})();
