// Buttons that copy the text of another element: <button data-copy="#id">.
(function () {
  "use strict";
  if (!navigator.clipboard) return;
  function unveil(root) {
    root.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
  }
  unveil(document);
  document.addEventListener("htmx:load", function (event) { unveil(event.target); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    var source = button && document.querySelector(button.dataset.copy);
    if (!source) return;
    navigator.clipboard.writeText("value" in source ? source.value : source.textContent.trim()).then(function () {
      var label = button.querySelector("[data-copy-label]");
      var before = label.textContent;
      label.textContent = button.dataset.copied;
      setTimeout(function () { label.textContent = before; }, 2000);
    });
  });
})();
