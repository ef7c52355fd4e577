// Shows HTML and Liquid in colours, with numbered lines and a search of its own: <textarea data-editor data-phrases='{…}'>.
// The textarea stays what is sent. The editor's styles live in a shadow root: there they need no <style> (strict CSP).
(function () {
  "use strict";
  var lib = window.CodeMirror;
  if (!lib || !Element.prototype.attachShadow || !("adoptedStyleSheets" in Document.prototype)) return;
  var tags = lib.tags;
  var colours = lib.HighlightStyle.define([
    { tag: [tags.tagName, tags.angleBracket], color: "light-dark(#0017c1, #9db7ff)" },
    { tag: [tags.attributeName, tags.propertyName], color: "light-dark(#5b2d90, #d0b3ff)" },
    { tag: [tags.attributeValue, tags.string, tags.number, tags.color], color: "light-dark(#1a5c33, #8fd6a5)" },
    { tag: [tags.keyword, tags.controlKeyword, tags.brace, tags.operator, tags.variableName], color: "light-dark(#9c0057, #ffa3cf)" },
    { tag: [tags.comment, tags.meta], color: "var(--text-quiet)" },
  ]);
  var look = lib.EditorView.theme({
    "&": { height: "28rem", color: "var(--text)", background: "var(--surface)", fontSize: "0.875rem" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.6" },
    ".cm-content": { caretColor: "var(--text)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    ".cm-gutters": { color: "var(--text-quiet)", background: "var(--surface-quiet)", borderRight: "1px solid var(--line)" },
    ".cm-activeLine, .cm-activeLineGutter": { background: "var(--surface-quiet)" },
    ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "light-dark(#c5d7fb, #33447a)" },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { background: "none", outline: "1px solid var(--control-line)" },
    ".cm-searchMatch": { background: "light-dark(#ffe380, #5c4b00)" },
    ".cm-searchMatch-selected": { background: "light-dark(#ffc24d, #8a6d00)" },
    ".cm-panels": { color: "var(--text)", background: "var(--surface-quiet)", fontFamily: "system-ui, sans-serif" },
    ".cm-panels input:not([type=checkbox]), .cm-panels button": { minHeight: "2.25rem", fontSize: "0.875rem", color: "var(--text)", background: "var(--surface)", border: "1px solid var(--control-line)", borderRadius: "6px" },
    ".cm-panel.cm-search label": { fontSize: "0.875rem" },
    ".cm-panel.cm-search [name=close]": { minWidth: "2.25rem" },
  });

  function set_up(area) {
    var label = document.querySelector('label[for="' + area.id + '"]');
    var own = false; // the textarea's value comes from the editor
    var host = document.createElement("div");
    host.className = "code-editor";
    if (area.getAttribute("aria-invalid")) host.classList.add("code-editor-wrong");
    area.before(host);
    var root = host.attachShadow({ mode: "open" });
    var described = (area.getAttribute("aria-describedby") || "").split(" ").map(function (id) {
      var each = id && document.getElementById(id);
      return each ? each.textContent.trim() : "";
    }).filter(Boolean).join(" ");
    var named = { "aria-label": label ? label.textContent.trim() : area.name, spellcheck: "false", autocapitalize: "off" };
    if (described) named["aria-description"] = described;
    if (area.getAttribute("aria-invalid")) named["aria-invalid"] = "true";
    var view = new lib.EditorView({
      parent: root,
      root: root,
      doc: area.value,
      extensions: [
        lib.EditorState.phrases.of(JSON.parse(area.dataset.phrases || "{}")),
        lib.lineNumbers(), lib.highlightSpecialChars(), lib.history(), lib.drawSelection(), lib.highlightActiveLine(),
        lib.highlightActiveLineGutter(), lib.bracketMatching(), lib.highlightSelectionMatches(), lib.search({ top: true }),
        lib.indentUnit.of("  "), lib.EditorView.lineWrapping,
        lib.liquid({ base: lib.html({ selfClosingTags: true }) }), lib.syntaxHighlighting(colours), look,
        // Tab leads on to the next field, as everywhere.
        lib.keymap.of(lib.defaultKeymap.concat(lib.historyKeymap, lib.searchKeymap)),
        lib.EditorView.contentAttributes.of(named),
        lib.EditorView.updateListener.of(function (update) {
          if (update.docChanged) write();
          // Fields are inserted into what was written in last (insert.js).
          if (update.focusChanged && update.view.hasFocus) area.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
        }),
      ],
    });
    function write() {
      own = true;
      area.value = view.state.doc.toString();
      area.dispatchEvent(new Event("input", { bubbles: true })); // unsaved.js
      own = false;
    }
    function read() {
      if (own || area.value === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } });
    }
    // Still in the page for labels, links to mistakes and those who put something into it; no key leads to it.
    area.classList.add("visually-hidden", "code-behind");
    area.tabIndex = -1;
    area.setAttribute("aria-hidden", "true");
    area.addEventListener("focus", function () { view.focus(); });
    area.addEventListener("input", read);
    area.focus = function () { view.focus(); };
    area.setRangeText = function (text) {
      // A step of its own for undo.
      view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true, userEvent: "input.paste" });
    };
    if (area.form) area.form.addEventListener("reset", function () { setTimeout(read); });
  }
  document.querySelectorAll("textarea[data-editor]").forEach(set_up);
})();
