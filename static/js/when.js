// Entering a date or a time chooses "later": <input name="when" value="later">.
(function () {
  "use strict";
  document.addEventListener("input", function (event) {
    var field = event.target;
    if (!field.value || (field.name !== "date" && field.name !== "time") || !field.form) return;
    var later = field.form.querySelector('input[name="when"][value="later"]');
    if (later) later.checked = true;
  });
})();
