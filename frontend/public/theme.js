// Runs before the first paint so that a chosen theme never flashes. Kept outside the bundle: the policy forbids inline scripts.
(() => {
  let theme = "system";
  try {
    theme = JSON.parse(localStorage.getItem("tidings.preferences") ?? "{}").theme ?? "system";
  } catch {
    // Storage may be blocked; the system theme is then used.
  }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
