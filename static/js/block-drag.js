// Blocks and rows are dragged by their handles; where one is let go is what the form #block-move asks the server for.
(function () {
  "use strict";
  if (!window.Sortable) return;
  var known = new WeakSet();
  function ask(values) {
    var form = document.getElementById("block-move");
    Object.keys(values).forEach(function (name) { form.elements[name].value = values[name]; });
    form.requestSubmit();
  }
  function begin() {
    document.querySelectorAll("#blocks [data-needs-drag]").forEach(function (handle) { handle.hidden = false; });
    document.querySelectorAll("#blocks .block-list").forEach(function (list) {
      if (known.has(list)) return;
      known.add(list);
      window.Sortable.create(list, {
        group: "blocks", handle: ".block-handle", draggable: ".block", animation: 120,
        onEnd: function (event) {
          if (event.from === event.to && event.oldDraggableIndex === event.newDraggableIndex) return;
          ask({ act: "move", block: event.item.dataset.block, row: event.to.dataset.row, column: event.to.dataset.column, place: event.newDraggableIndex });
        },
      });
    });
    document.querySelectorAll("#blocks .block-rows").forEach(function (rows) {
      if (known.has(rows)) return;
      known.add(rows);
      window.Sortable.create(rows, {
        handle: ".row-handle", draggable: ".block-row", animation: 120,
        onEnd: function (event) {
          if (event.oldDraggableIndex === event.newDraggableIndex) return;
          ask({ act: "move-row", row: event.item.dataset.row, place: event.newDraggableIndex });
        },
      });
    });
  }
  begin();
  document.addEventListener("htmx:afterSwap", begin);
})();
