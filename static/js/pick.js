// Choosing an image by its look: [data-picture-for="id of the select"] takes the place of the list of names and opens
// #picture-dialog, in which [data-pick="number"] is an image; a file that is dropped or pasted there opens it too.
(function () {
  "use strict";
  var into = null; // the chooser that opened the dialog
  function dialog() { return document.getElementById("picture-dialog"); }
  function chooserOf(select) { return document.querySelector('[data-picture-for="' + select.id + '"]'); }
  function show(chooser) {
    var select = document.getElementById(chooser.dataset.pictureFor);
    if (!select) return;
    var held = document.activeElement === select;
    select.hidden = true;
    chooser.hidden = false;
    chooser.querySelector("[data-pick='']").hidden = select.selectedIndex < 1;
    if (held) chooser.querySelector("[data-picture-open]").focus();
  }
  function showAll(root) {
    root.querySelectorAll("[data-pick]:not([data-pick=''])").forEach(function (button) { button.hidden = false; });
    root.querySelectorAll("[data-picture-for]").forEach(show);
    var now = root.querySelector("[data-pick-now]");
    if (now && dialog().open) now.click();
  }
  showAll(document);
  document.addEventListener("htmx:load", function (event) { showAll(event.target.parentNode || event.target); });

  function open(chooser, files) {
    var form = document.getElementById("picture-upload");
    into = chooser;
    form.reset();
    form.elements.chooser.value = chooser.dataset.pictureFor;
    form.elements.file.dispatchEvent(new Event("change", { bubbles: true }));
    document.getElementById("picture-taken").replaceChildren();
    dialog().showModal();
    window.htmx.trigger("#picture-list", "opened");
    if (files) hold(files);
  }
  function hold(files) {
    var form = document.getElementById("picture-upload"), held = new DataTransfer();
    held.items.add(files[0]);
    form.elements.file.files = held.files;
    form.elements.file.dispatchEvent(new Event("change", { bubbles: true }));
    form.elements.alt.focus(); // what it shows is asked at once
  }
  // An image is made while its sender may go on to another place: what is not for the one that is open now changes nothing.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "picture-taken") return;
    var answer = document.createElement("template");
    answer.innerHTML = event.detail.serverResponse;
    var taken = answer.content.querySelector("[data-taken-for]");
    if (taken && into && taken.dataset.takenFor !== into.dataset.pictureFor) event.preventDefault();
  });
  // A chooser, or the block that it stands in.
  function near(target) {
    var block = target && target.closest ? target.closest("[data-picture-for], .block") : null;
    return block && (block.matches("[data-picture-for]") ? block : block.querySelector("[data-picture-for]"));
  }
  ["dragover", "dragleave", "drop"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var chooser = near(event.target);
      if (!chooser || !dialog() || Array.from(event.dataTransfer.types).indexOf("Files") < 0) return;
      event.preventDefault();
      chooser.classList.toggle("is-over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) open(chooser, event.dataTransfer.files);
    });
  });
  // Office puts a picture of the text beside it: where text can stand, the text is meant.
  function isText(target, clipboard) {
    var html = document.createElement("template");
    html.innerHTML = clipboard.getData("text/html");
    return (target.isContentEditable || target.matches("textarea, input:not([type=file], [type=checkbox], [type=radio])")) &&
      (clipboard.getData("text/plain") + html.content.textContent).trim() !== "";
  }
  document.addEventListener("paste", function (event) {
    var files = event.clipboardData ? event.clipboardData.files : [], chooser = near(event.target);
    if (!files.length || !dialog() || !(dialog().open || chooser) || isText(event.target, event.clipboardData)) return;
    event.preventDefault();
    if (dialog().open) hold(files);
    else open(chooser, files);
  });

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-picture-open]");
    if (opener) { open(opener.closest("[data-picture-for]")); return; }
    if (event.target.closest("[data-picture-close]") || event.target === dialog()) { dialog().close(); return; }
    var button = event.target.closest("[data-pick]");
    if (button) take(button, button.dataset.pickInto || (into && into.dataset.pictureFor));
  });
  function take(button, id) {
    var select = id && document.getElementById(id);
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
    dialog().close();
    chooser.querySelector("[data-picture-open]").focus();
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
})();
