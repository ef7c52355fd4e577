// Shows the sample mail in the colours as they are chosen: <form id="brand-form">, <iframe id="brand-frame" data-url>.
(function () {
  "use strict";
  var form = document.getElementById("brand-form"), frame = document.getElementById("brand-frame"), timer;
  if (!form || !frame) return;
  form.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(function () {
      var query = new URLSearchParams();
      ["accent", "text", "surface", "background", "font_size", "corners", "logo"].forEach(function (name) {
        query.set(name, form.elements[name].value);
      });
      query.set("footer", form.elements.footer.value.slice(0, 600));
      frame.src = frame.dataset.url + "?" + query;
    }, 300);
  });
})();
