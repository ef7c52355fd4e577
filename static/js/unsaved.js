// Asks before a changed form is left: <form data-unsaved>.
(function () {
  "use strict";
  var changed = new Set();
  document.addEventListener("input", function (event) {
    var form = event.target.closest("form[data-unsaved]");
    if (form) changed.add(form);
  });
  document.addEventListener("submit", function (event) { changed.delete(event.target); });
  document.addEventListener("reset", function (event) { changed.delete(event.target); });
  window.addEventListener("beforeunload", function (event) {
    var waiting = Array.from(changed).some(function (form) { return form.isConnected; });
    if (waiting) event.preventDefault();
  });
})();
