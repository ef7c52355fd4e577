// Says so when a part of the page could not be loaded; the words come from the server in data attributes.
(function () {
  "use strict";
  function show(key) {
    var box = document.getElementById("toasts");
    var template = document.getElementById("toast-template");
    if (!box || !template) return;
    var text = box.dataset[key] || box.dataset.error;
    var same = Array.from(box.querySelectorAll("[data-toast-text]")).some(function (part) { return part.textContent === text; });
    if (same) return; // a fragment that polls would stack the same words
    var toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector("[data-toast-text]").textContent = text;
    toast.querySelector("[data-toast-close]").addEventListener("click", function () { toast.remove(); });
    box.append(toast);
  }
  var keys = { 401: "signedOut", 403: "forbidden", 404: "missing", 413: "large", 429: "many" };
  document.addEventListener("htmx:responseError", function (event) { show(keys[event.detail.xhr.status] || "error"); });
  document.addEventListener("htmx:sendError", function () { show("offline"); });
  document.addEventListener("htmx:timeout", function () { show("offline"); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var last = document.querySelector("#toasts > :last-child");
    if (last && !document.querySelector("dialog[open]")) last.remove();
  });
})();
