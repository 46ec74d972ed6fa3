// The switch between dark and light, kept for the next page, and what depends on when a page is read.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  const kept = () => { try { return localStorage.getItem("reconciler-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("reconciler-theme", theme); } catch { /* a page from a file may keep nothing */ } };
  let theme = themes.includes(kept()) ? kept() : "system";
  const show = () => {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    if (button) button.textContent = "Theme: " + theme;
    root.dispatchEvent(new Event("themechange"));
  };
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      keep(theme);
      show();
    });
  }
  show();
  for (const one of document.querySelectorAll("[data-until]")) {
    one.hidden = !(Date.parse(one.dataset.until) < Date.now());
  }
})();
