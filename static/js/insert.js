// Puts a piece into the text at the cursor: <button data-insert="{{ name }}">, into what was written in last of
// [data-insertable]; data-insert-into="#html" names one field.
(function () {
  "use strict";
  function targets() { return Array.from(document.querySelectorAll("[data-insertable]")); }
  var last = null;
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-insertable]")) last = event.target;
  });
  function unveil(root) {
    root.querySelectorAll("[data-insert]").forEach(function (button) { button.hidden = false; });
  }
  unveil(document);
  document.addEventListener("htmx:load", function (event) { unveil(event.target); });
  function target(button) {
    var named = button.dataset.insertInto && document.querySelector(button.dataset.insertInto);
    if (named) return named;
    if (last && last.isConnected && last.offsetParent) return last;
    return targets().filter(function (field) { return field.tagName === "TEXTAREA" && field.offsetParent; })[0] || targets()[0];
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-insert]");
    if (!button) return;
    var field = target(button);
    if (!field) return; // no block is open yet
    field.focus();
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
