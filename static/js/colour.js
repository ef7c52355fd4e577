// A colour is typed or picked: <input type="color" data-colour-for="id of the text field"> follows the field, and leads it.
(function () {
  "use strict";
  var WHOLE = /^#[0-9a-f]{6}$/i;
  function unveil() {
    document.querySelectorAll("[data-colour-for]").forEach(function (picker) {
      picker.hidden = false;
      follow(document.getElementById(picker.dataset.colourFor));
    });
  }
  function follow(field) {
    var picker = field && field.id && document.querySelector('[data-colour-for="' + field.id + '"]');
    if (picker && WHOLE.test(field.value.trim())) picker.value = field.value.trim().toLowerCase();
  }
  unveil();
  document.addEventListener("htmx:afterSwap", unveil);
  document.addEventListener("input", function (event) {
    var id = event.target.dataset.colourFor, field = id && document.getElementById(id);
    if (!field) { follow(event.target); return; }
    field.value = event.target.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
