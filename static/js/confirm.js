// A question before an act: without this file an unfolding box, with it a dialog.
(function () {
  "use strict";
  if (!window.HTMLDialogElement) return;
  var count = 0;
  document.addEventListener("click", function (event) {
    var summary = event.target.closest("details[data-confirm] > summary");
    if (summary) {
      event.preventDefault();
      ask(summary);
      return;
    }
    var close = event.target.closest("dialog.confirm-dialog [data-close]");
    if (close) close.closest("dialog").close();
  });
  function ask(summary) {
    var details = summary.parentElement;
    var box = details.querySelector(".confirm-box");
    var dialog = document.createElement("dialog");
    dialog.className = "confirm-dialog";
    var title = box.querySelector(".confirm-title");
    title.id = title.id || "confirm-title-" + (++count);
    dialog.setAttribute("aria-labelledby", title.id);
    var cancel = box.querySelector("[data-close]");
    cancel.hidden = false;
    dialog.append(box);
    details.append(dialog); // stays inside, so that htmx and the form find their surroundings
    dialog.addEventListener("click", function (event) { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", function () {
      cancel.hidden = true;
      details.append(box);
      dialog.remove();
      details.open = false;
      summary.focus();
    });
    details.open = true; // a closed <details> hides its content, the dialog too
    dialog.showModal();
    cancel.focus();
  }
})();
