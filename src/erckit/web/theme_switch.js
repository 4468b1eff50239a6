// Light or dark: as the system has it until the button is pressed.

import { byId } from "./element.js";

const STORE = "erckit-theme";

/** Make the button work; `onChange` is called when the colours have changed. */
export function startThemeSwitch(onChange) {
  const button = byId("theme");
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const ofSystem = () => (system.matches ? "dark" : "light");

  function show(theme) {
    const changes = root.dataset.theme !== theme;
    root.dataset.theme = theme;
    const other = theme === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Change to the ${other} theme`);
    button.title = `Change to the ${other} theme`;
    if (changes) onChange();
  }

  button.addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    keep(theme === ofSystem() ? null : theme); // back at the system's choice: follow it again
    show(theme);
  });
  system.addEventListener("change", () => show(kept() ?? ofSystem()));
  show(root.dataset.theme);
}

function kept() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    if (theme === null) localStorage.removeItem(STORE);
    else localStorage.setItem(STORE, theme);
  } catch {
    // storage is switched off: the choice lives as long as the page
  }
}
