// The preview beside the blocks stays where it was scrolled to when the mail is made anew.
// Its frame has our origin and no right to scripts: it is read and moved from here.
(function () {
  "use strict";
  var MOST = 3000; // milliseconds in which a mail that has begun to come is whole, or the person scrolls on
  var at = 0, until = 0, address = "", old = null;
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
  // Of a frame, `load` is heard on the way down alone. One that was asked for before the last change ends nothing.
  document.addEventListener("load", function (event) {
    if (!until || event.target !== frame()) return;
    if (seen()) seen().scrollTo(0, at);
    if (!seen() || seen().location.href === frame().src) until = 0;
  }, true);
})();
