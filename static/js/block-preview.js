// The preview beside the blocks stays where it was scrolled to when the mail is made anew, and comes to the block that
// one begins to edit (class wm-at-b4 in the mail, block #b4); a click in the mail opens the block.
// Its frame has our origin and no right to scripts: it is read and moved from here.
(function () {
  "use strict";
  var MOST = 3000; // milliseconds in which a mail that has begun to come is whole, or the person scrolls on
  var at = 0, until = 0, address = "", old = null;
  var edited = "", wanted = ""; // the block that is being edited; the one that is still to be come to
  function frame() { return document.getElementById("blocks-frame"); }
  function seen() {
    try { return frame() && frame().contentWindow.document ? frame().contentWindow : null; } catch (error) { return null; }
  }
  // Making a mail can take seconds, in which the old one is scrolled on: where it stood last counts.
  function hold() {
    if (!until) return;
    if (!seen() || seen().document === old) {
      if (seen()) at = seen().scrollY;
      until = performance.now() + MOST;
    } else {
      seen().scrollTo(0, at);
      if (performance.now() > until) { until = 0; return; }
    }
    requestAnimationFrame(hold);
  }
  function before() {
    address = frame() ? frame().src : "";
  }
  function after() {
    if (!frame() || frame().src === address) return;
    address = frame().src;
    if (until) return;
    old = seen() && seen().document;
    at = old ? seen().scrollY : 0;
    until = performance.now() + MOST;
    requestAnimationFrame(hold);
  }
  ["htmx:beforeSwap", "htmx:oobBeforeSwap"].forEach(function (name) { document.addEventListener(name, before); });
  ["htmx:afterSwap", "htmx:oobAfterSwap"].forEach(function (name) { document.addEventListener(name, after); });
  // An empty block is not in the mail: the mail comes to it once it is.
  function come() {
    var view = seen(), place = wanted && view && view.document.querySelector(".wm-at-" + wanted);
    if (!place) return;
    wanted = "";
    var box = place.getBoundingClientRect(), high = view.innerHeight;
    if (box.top < 0 || box.bottom > high) view.scrollTo(0, Math.max(0, view.scrollY + box.top - Math.max(16, (high - box.height) / 2)));
  }
  document.addEventListener("focusin", function (event) {
    var block = event.target.closest(".block");
    if (!block || block.id === edited) return;
    edited = wanted = block.id;
    if (!until) come();
  });
  // Of a frame, `load` is heard on the way down alone. One that was asked for before the last change ends nothing.
  document.addEventListener("load", function (event) {
    if (event.target !== frame()) return;
    if (until) {
      if (seen()) seen().scrollTo(0, at);
      if (!seen() || seen().location.href === frame().src) until = 0;
    }
    if (!until) come();
    listen();
  }, true);
  function listen() {
    if (seen()) seen().document.addEventListener("click", open);
  }
  function open(event) {
    event.preventDefault(); // links lead nowhere here
    var place = event.target.closest("[class*='wm-at-']");
    var id = place && (/wm-at-(b\d+)/.exec(place.className) || [])[1];
    var form = id && document.getElementById(id + "-form");
    if (!form) return;
    edited = id; // it is seen already
    form.open = true;
    document.getElementById(id).scrollIntoView({ block: "nearest" });
    (form.querySelector(".block-fields [name]:not([hidden])") || form.querySelector("summary")).focus({ preventScroll: true });
  }
  listen();
})();
