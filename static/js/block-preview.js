// The preview beside the blocks stays where it was scrolled to when the mail is made anew.
// Its frame has our origin and no right to scripts: it is read and moved from here.
(function () {
  "use strict";
  var MOST = 3000; // milliseconds in which a mail has come, or the person scrolls on
  var at = 0, until = 0, address = "";
  function frame() { return document.getElementById("blocks-frame"); }
  function seen() {
    try { return frame() && frame().contentWindow.document ? frame().contentWindow : null; } catch (error) { return null; }
  }
  function hold() {
    if (!until) return;
    if (seen()) seen().scrollTo(0, at);
    if (performance.now() < until) requestAnimationFrame(hold); else until = 0;
  }
  function before() {
    if (!until && seen()) at = seen().scrollY;
    address = frame() ? frame().src : "";
  }
  function after() {
    if (!frame() || frame().src === address || !at) return;
    address = frame().src;
    until = performance.now() + MOST;
    requestAnimationFrame(hold);
  }
  ["htmx:beforeSwap", "htmx:oobBeforeSwap"].forEach(function (name) { document.addEventListener(name, before); });
  ["htmx:afterSwap", "htmx:oobAfterSwap"].forEach(function (name) { document.addEventListener(name, after); });
  // Of a frame, `load` is heard on the way down alone.
  document.addEventListener("load", function (event) {
    if (!until || event.target !== frame()) return;
    if (seen()) seen().scrollTo(0, at);
    until = 0;
  }, true);
})();
