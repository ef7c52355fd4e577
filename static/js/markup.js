// Buttons that write the small markup around the marked words: [data-markup-for="id of the textarea"] [data-markup].
(function () {
  "use strict";
  function unveil(root) {
    root.querySelectorAll("[data-markup-for]").forEach(function (tools) { tools.hidden = false; });
  }
  unveil(document);
  document.addEventListener("htmx:load", function (event) { unveil(event.target); });
  function put(area, text, from, to) {
    area.focus();
    // Keeps the browser's own undo; the fallback does not.
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    area.setSelectionRange(from, to);
  }
  function around(area, before, after) {
    var start = area.selectionStart, words = area.value.slice(start, area.selectionEnd);
    put(area, before + words + after, start + before.length, start + before.length + words.length);
  }
  function list(area) {
    var start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    area.setSelectionRange(start, area.selectionEnd);
    var lines = area.value.slice(start, area.selectionEnd).split("\n");
    var text = lines.map(function (line) { return /^- /.test(line) ? line : "- " + line; }).join("\n");
    put(area, text, start + text.length, start + text.length);
  }
  function link(area) {
    var start = area.selectionStart, words = area.value.slice(start, area.selectionEnd);
    var address = /^https?:\/\/\S+$/.test(words) ? words : "https://";
    var at = start + words.length + 3;
    put(area, "[" + words + "](" + address + ")", words ? at : start + 1, words ? at + address.length : start + 1);
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-markup]");
    if (!button) return;
    var tools = button.closest("[data-markup-for]");
    var area = document.getElementById(tools.dataset.markupFor);
    area.focus();
    switch (button.dataset.markup) {
      case "bold": around(area, "**", "**"); break;
      case "italic": around(area, "__", "__"); break;
      case "list": list(area); break;
      case "link": link(area); break;
      case "colour": around(area, "[", "](" + tools.querySelector("input[type=color]").value + ")"); break;
    }
  });
})();
