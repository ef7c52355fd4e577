// Puts pasted files into the file input of the page, beside those that are chosen: <input type="file" multiple data-paste-files>.
(function () {
  "use strict";
  var input = document.querySelector("[data-paste-files]");
  if (!input || typeof DataTransfer !== "function") return;
  document.querySelectorAll("[data-paste-hint]").forEach(function (hint) { hint.hidden = false; });
  document.addEventListener("paste", function (event) {
    var pasted = event.clipboardData ? Array.from(event.clipboardData.files) : [];
    if (!pasted.length) return;
    event.preventDefault();
    var files = new DataTransfer();
    Array.from(input.files).concat(pasted).forEach(function (file) { files.items.add(file); });
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });
})();
