// A file input that also takes files dropped on its frame, and says what was chosen.
(function () {
  "use strict";
  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }
  function tell(zone, input) {
    var list = zone.querySelector(".dropzone-chosen");
    if (!list) return;
    list.replaceChildren.apply(list, Array.from(input.files).map(function (file) {
      var item = document.createElement("li");
      item.textContent = file.name + " (" + size(file.size) + ")";
      return item;
    }));
    list.hidden = input.files.length === 0;
  }
  function zoneOf(event) { return event.target.closest ? event.target.closest("[data-dropzone]") : null; }
  ["dragover", "dragleave", "drop"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var zone = zoneOf(event);
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("is-over", name === "dragover");
      if (name !== "drop") return;
      var input = zone.querySelector("input[type=file]");
      var files = new DataTransfer();
      Array.from(event.dataTransfer.files).slice(0, input.multiple ? undefined : 1).forEach(function (file) { files.items.add(file); });
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
  document.addEventListener("change", function (event) {
    var zone = zoneOf(event);
    if (zone && event.target.matches("input[type=file]")) tell(zone, event.target);
  });
  function unveil(root) {
    root.querySelectorAll("[data-dropzone] [data-needs-js]").forEach(function (part) { part.hidden = false; });
  }
  unveil(document);
  document.addEventListener("htmx:load", function (event) { unveil(event.target); });
})();
