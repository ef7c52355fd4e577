// Puts a field into the text at the cursor: <button data-insert="{{ name }}">, into what was written in last of [data-insertable].
(function () {
  "use strict";
  var targets = document.querySelectorAll("[data-insertable]");
  if (!targets.length) return;
  var last = null;
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-insertable]")) last = event.target;
  });
  document.querySelectorAll("[data-insert]").forEach(function (button) { button.hidden = false; });
  function target() {
    if (last && last.offsetParent) return last;
    return Array.from(targets).filter(function (field) { return field.tagName === "TEXTAREA" && field.offsetParent; })[0] || targets[0];
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-insert]");
    if (!button) return;
    var field = target();
    field.focus();
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
