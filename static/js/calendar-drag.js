// A scheduled mailing is dragged to another day of the calendar; where it is let go is what #calendar-move asks for.
(function () {
  "use strict";
  var form = document.getElementById("calendar-move");
  // Days without mailings are not shown on a narrow screen: there is nowhere to drag to.
  if (!window.Sortable || !form || !window.matchMedia("(min-width: 60em)").matches) return;
  document.getElementById("calendar-drags").hidden = false;
  document.querySelector(".calendar").classList.add("calendar-drags");
  document.querySelectorAll(".calendar-list").forEach(function (list) {
    window.Sortable.create(list, {
      group: { name: "calendar", put: !("past" in list.dataset) },
      draggable: "[data-move]",
      filter: "details",
      preventOnFilter: false,
      sort: false,
      animation: 120,
      onEnd: function (event) {
        if (event.from === event.to) return;
        form.action = event.item.dataset.move;
        form.elements.seen.value = event.item.dataset.seen;
        form.elements.day.value = event.to.dataset.day;
        form.requestSubmit();
      },
    });
  });
})();
