// Loaded before anything is drawn, so that a page in the dark does not flash white.
"use strict";
(function () {
  let chosen = null;
  try {
    chosen = localStorage.getItem("erckit-theme");
  } catch {
    // storage is switched off: the system's theme holds
  }
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : isDark ? "dark" : "light";
})();
