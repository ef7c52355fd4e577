// Entering a value makes the choice that it belongs to: <input data-chooses="when=later">.
(function () {
  "use strict";
  document.addEventListener("input", function (event) {
    var field = event.target;
    if (!field.dataset || !field.dataset.chooses || !field.value || !field.form) return;
    var wanted = field.dataset.chooses.split("=");
    var choice = field.form.querySelector('input[name="' + wanted[0] + '"][value="' + wanted[1] + '"]');
    if (choice) choice.checked = true;
  });
})();
