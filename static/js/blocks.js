// The block editor: what is typed is saved by itself, acts wait for it; keys for undo, redo and moving.
// Nothing is saved and no key is taken while Japanese is being converted.
(function () {
  "use strict";
  var WAIT = 1000, AGAIN = 5000;
  var states = new Map(); // form: what is still to be saved of it
  var converting = null;

  function status(key) {
    var place = document.getElementById("blocks-status");
    if (place) place.textContent = place.dataset[key];
  }
  function state(form) {
    if (!states.has(form)) states.set(form, { timer: 0, changed: false, saving: null });
    return states.get(form);
  }
  function soon(form, wait) {
    var known = state(form);
    known.changed = true;
    clearTimeout(known.timer);
    known.timer = setTimeout(function () { save(form); }, wait);
  }
  // Returns a promise of whether everything of the form is kept.
  function save(form) {
    var known = state(form);
    clearTimeout(known.timer);
    if (!form.isConnected) { states.delete(form); return Promise.resolve(true); }
    if (converting && form.contains(converting)) { soon(form, WAIT); return Promise.resolve(false); }
    if (known.saving) return known.saving.then(function (kept) { return known.changed ? save(form) : kept; });
    if (!known.changed) return Promise.resolve(true);
    known.changed = false;
    status("saving");
    known.saving = new Promise(function (resolve) {
      function after(event) {
        if (event.detail.elt !== form) return;
        form.removeEventListener("htmx:afterRequest", after);
        known.saving = null;
        var code = event.detail.xhr.status;
        // A page that stands in the way, such as that of the sign-in, has kept nothing.
        var kept = code === 200 && event.detail.xhr.responseText.indexOf('id="blocks-answer"') >= 0;
        if (kept && !known.changed) form.dispatchEvent(new Event("reset", { bubbles: true })); // unsaved.js
        if (!kept) known.changed = true; // until it is mended: an act would show the block as it was before
        if (!code || code >= 500 || code === 429) { status("failed"); soon(form, AGAIN); }
        else if (!kept && code !== 422) status("refused");
        resolve(kept);
      }
      form.addEventListener("htmx:afterRequest", after);
      window.htmx.ajax("POST", form.action, {
        source: form, target: "#blocks-answer", swap: "outerHTML", values: { auto: "1" },
      });
    });
    return known.saving;
  }
  // Leads to what has to be mended before anything else is done.
  function lead(form) {
    var details = form.closest("details");
    if (details) details.open = true;
    var field = form.querySelector("[aria-invalid=true]") || form.querySelector(".block-fields [name]");
    if (field) field.focus();
  }
  function own(target) { return target && target.closest ? target.closest("#blocks form[data-autosave]") : null; }

  document.addEventListener("compositionstart", function (event) { converting = event.target; });
  document.addEventListener("focusout", function () { converting = null; });
  document.addEventListener("compositionend", function (event) {
    converting = null;
    if (own(event.target)) soon(own(event.target), WAIT);
  });
  document.addEventListener("input", function (event) {
    var form = own(event.target);
    if (!event.isComposing) converting = null; // some end a conversion without saying so
    if (!form || !event.target.name) return;
    if (!event.isComposing) soon(form, event.target.tagName === "SELECT" ? 0 : WAIT);
  });

  // An act shows the blocks anew as they are kept: first what was typed is saved.
  document.addEventListener("htmx:confirm", function (event) {
    var form = event.detail.elt;
    if (!form.closest("#blocks") || (form.matches("[data-autosave]") && event.detail.triggeringEvent === undefined)) return;
    var waiting = Array.from(states.keys()).filter(function (each) {
      return each !== form && each.isConnected && (state(each).changed || state(each).saving);
    });
    if (form.matches("[data-autosave]")) { clearTimeout(state(form).timer); state(form).changed = false; }
    var trigger = event.detail.triggeringEvent, submitter = trigger && trigger.submitter;
    if (submitter && submitter.value === "delete") {
      waiting = waiting.filter(function (each) { return each.closest(".block") !== form.closest(".block"); });
    }
    if (!waiting.length) return;
    event.preventDefault();
    Promise.all(waiting.map(save)).then(function (kept) {
      if (kept.every(Boolean)) event.detail.issueRequest(true);
      else lead(waiting[kept.indexOf(false)]);
    });
  });
  // What is open stays open.
  document.addEventListener("htmx:configRequest", function (event) {
    if (!event.target.closest("#blocks")) return;
    event.detail.parameters.opened = Array.from(document.querySelectorAll("#blocks .block-form[open]")).map(function (each) {
      return each.closest(".block").id;
    }).join(",");
  });
  // What was just added is written in next.
  document.addEventListener("htmx:afterSwap", function () {
    var blocks = document.getElementById("blocks");
    var id = blocks && blocks.dataset.focus;
    if (!id) return;
    delete blocks.dataset.focus;
    var block = document.getElementById(id), active = document.activeElement;
    if (!block || (active && active.isConnected && block.contains(active))) return;
    block.scrollIntoView({ block: "nearest" });
    var field = block.querySelector(".block-fields [name]");
    (field || block.querySelector("summary")).focus();
  });

  function press(id) {
    var button = document.getElementById(id);
    if (button && !button.disabled) button.click();
  }
  var WAYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };
  document.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229 || !document.getElementById("blocks")) return;
    var block = event.target.closest(".block");
    if (event.altKey && WAYS[event.key] && block) {
      event.preventDefault();
      press(block.id + "-" + WAYS[event.key]);
      return;
    }
    var writing = event.target.matches("textarea, input:not([type=color]):not([type=checkbox]), select");
    if (writing || !(event.ctrlKey || event.metaKey)) return;
    var key = event.key.toLowerCase();
    if (key === "z" || key === "y") {
      event.preventDefault();
      press(key === "y" || event.shiftKey ? "redo" : "undo");
    }
  });
})();
