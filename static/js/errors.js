// After a form came back with errors the summary gets the focus, on a new page and in a fragment.
(function () {
  "use strict";
  function focusSummary(root) {
    var summary = root.querySelector("[data-error-summary]");
    if (summary) summary.focus();
  }
  focusSummary(document);
  document.addEventListener("htmx:load", function (event) { if (event.target !== document.body) focusSummary(event.target); });
})();
