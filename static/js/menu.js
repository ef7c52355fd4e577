// Menus are <details>; they close on Escape, on a click elsewhere and when the keyboard leaves them.
(function () {
  "use strict";
  function closeOthers(kept) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (menu !== kept) menu.open = false;
    });
  }
  document.addEventListener("click", function (event) { closeOthers(event.target.closest("details.menu")); });
  document.addEventListener("focusin", function (event) { closeOthers(event.target.closest("details.menu")); });
  document.addEventListener("keydown", function (event) {
    var open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!open) return;
    var inside = open.contains(document.activeElement);
    open.open = false;
    if (inside) open.querySelector("summary").focus();
  });
})();
