// Airflow shows these pages in a sandboxed frame, in which a link to another site or to Airflow itself opens nothing.
// The page around it, of the same origin, follows such a link instead. Alone in a tab, links work without this.
"use strict";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-leave], a[data-airflow]");
  const outer = window.parent;
  if (!link || outer === window) return;
  event.preventDefault();
  if (link.hasAttribute("data-airflow")) {
    outer.history.pushState(null, "", link.href);
    outer.dispatchEvent(new PopStateEvent("popstate"));
    return;
  }
  const copy = outer.document.createElement("a");
  copy.href = link.href;
  copy.target = "_blank";
  copy.rel = "noopener noreferrer nofollow";
  copy.click();
});
