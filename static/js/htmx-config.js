// What htmx may do here; runs after htmx and before it starts on the page.
(function () {
  "use strict";
  if (!window.htmx) return;
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    selfRequestsOnly: true,
    includeIndicatorStyles: false,
    historyCacheSize: 0,
    refreshOnHistoryMiss: true,
    disableInheritance: false,
    timeout: 30000,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "422", swap: true },
      { code: "[45]..", swap: false, error: true },
    ],
  });
  // A page may be in another language than its person's, or than was chosen meanwhile in another tab.
  document.addEventListener("htmx:configRequest", function (event) {
    event.detail.headers["Accept-Language"] = document.documentElement.lang;
  });
})();
