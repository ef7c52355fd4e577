// A form leaves once: the second press of the same button does nothing until the page answers.
(function () {
  "use strict";
  function release(form) {
    delete form.dataset.leaving;
    form.querySelectorAll(".is-busy").forEach(function (button) { button.classList.remove("is-busy"); });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
    if (form.dataset.leaving) { event.preventDefault(); return; }
    form.dataset.leaving = "1";
    if (event.submitter) event.submitter.classList.add("is-busy");
    setTimeout(function () { release(form); }, 10000); // an answer may be a file: then the page stays
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-leaving]").forEach(release);
  });
})();
