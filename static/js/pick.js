// Choosing an image by its look: [data-picture-for="id of the select"] takes the place of the list of names,
// [data-pick="number"][data-pick-into="id of the select"] is an image of the picker, one without a number takes it out.
(function () {
  "use strict";
  function chooserOf(select) { return document.querySelector('[data-picture-for="' + select.id + '"]'); }
  function show(chooser) {
    var select = document.getElementById(chooser.dataset.pictureFor);
    if (!select) return;
    var held = document.activeElement === select;
    select.hidden = true;
    chooser.hidden = false;
    chooser.querySelector("[data-pick='']").hidden = select.selectedIndex < 1;
    if (held) chooser.querySelector("summary").focus();
  }
  function showAll(root) {
    root.querySelectorAll("[data-pick]:not([data-pick=''])").forEach(function (button) { button.hidden = false; });
    root.querySelectorAll("[data-picture-for]").forEach(show);
  }
  showAll(document);
  document.addEventListener("htmx:load", function (event) { showAll(event.target.parentNode || event.target); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-pick]");
    var select = button && document.getElementById(button.dataset.pickInto);
    if (!select) return;
    var chooser = chooserOf(select), number = button.dataset.pick, name = button.dataset.pickName;
    if (!number) {
      select.selectedIndex = 0;
    } else {
      var known = Array.from(select.options).some(function (option) { return option.value === number; });
      if (!known) select.add(new Option(name, number));
      select.value = number;
    }
    var shown = chooser.querySelector("[data-picture-shown]");
    shown.hidden = !number;
    if (number) {
      var picture = shown.querySelector("img") || shown.insertBefore(new Image(), shown.firstChild);
      picture.alt = "";
      picture.src = button.closest(".image-card").querySelector("img").src;
      shown.querySelector("span").textContent = name;
    }
    show(chooser);
    var box = chooser.querySelector("details");
    box.open = false;
    box.querySelector("summary").focus();
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
