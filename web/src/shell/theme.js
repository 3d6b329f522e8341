// theme.js: light and dark: as the system has it, until a person chose.

const THEME = "orket.theme";
const prefersDark = matchMedia("(prefers-color-scheme:dark)");

function showTheme() {
  document.documentElement.dataset.theme =
    localStorage.getItem(THEME) || (prefersDark.matches ? "dark" : "light");
}

export function switchTheme() {
  localStorage.setItem(THEME, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  showTheme();
}

prefersDark.addEventListener("change", showTheme);
showTheme();
