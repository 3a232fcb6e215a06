// What every page needs: the theme toggle, buttons that copy a field, and tables that show where they go on.
(() => {
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

  // A table that is wider than the screen is marked as cut, until it is scrolled to its end.
  const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) markCut(target);
  });

  function markCut(box) {
    box.classList.toggle("is-cut", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
  }

  function watchTables(part) {
    for (const box of part.querySelectorAll(".scroll")) {
      sized.observe(box);
      box.addEventListener("scroll", () => markCut(box), { passive: true });
    }
  }

  watchTables(document);
  document.addEventListener("htmx:load", ({ detail }) => watchTables(detail.elt.parentElement ?? detail.elt));
  for (const toggle of document.querySelectorAll("[data-theme-toggle]")) {
    toggle.hidden = false;
    showTheme(toggle);
    toggle.addEventListener("click", () => switchTheme(toggle));
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copyField(button));
  }
})();
