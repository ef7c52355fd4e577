// Light, dark or as the device: remembered in the cookie "theme", which the server reads for the next page.
(function () {
  "use strict";
  var root = document.documentElement;
  function mark() {
    var now = root.dataset.theme || "system";
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === now));
    });
  }
  document.querySelectorAll("[data-theme-part]").forEach(function (part) { part.hidden = false; });
  mark();
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    var choice = button.dataset.themeChoice;
    var kept = choice === "light" || choice === "dark";
    if (kept) root.dataset.theme = choice; else delete root.dataset.theme;
    document.cookie = "theme=" + (kept ? choice : "") + "; Path=/; SameSite=Lax; Max-Age=" + (kept ? 31536000 : 0) +
      (location.protocol === "https:" ? "; Secure" : "");
    mark();
  });
})();
