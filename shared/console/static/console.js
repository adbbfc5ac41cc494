// Small helps; every page works without them.
"use strict";

// Requests of htmx carry the token against forged requests.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.body.dataset.csrf;
  if (token) event.detail.headers["X-CSRF-Token"] = token;
});

// A menu closes with Escape, and when the page is pressed elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Text that can be copied gets its button here: without script there is none that does nothing.
function addCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const block of root.querySelectorAll("[data-copy]:not([data-ready])")) {
    block.dataset.ready = "";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = block.dataset.copy;
    const said = document.createElement("span");
    said.className = "unseen";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = block.dataset.copied;
      said.textContent = block.dataset.copied;
    });
    button.addEventListener("blur", () => {
      button.textContent = block.dataset.copy;
      said.textContent = "";
    });
    block.append(button, said);
  }
}

// What was typed is not lost by leaving the page unawares.
const changed = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) changed.add(form);
});
document.addEventListener("submit", (event) => {
  changed.delete(event.target);
  if (event.defaultPrevented) return; // htmx sends it
  // A second press while the first is on its way would do the same twice.
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
window.addEventListener("beforeunload", (event) => {
  for (const form of changed) {
    if (form.isConnected) event.preventDefault();
  }
});

// After a form came back with problems, the reader begins with them.
function focusProblems(root) {
  const problems = root.querySelector("[data-focus]");
  if (problems) problems.focus();
}

document.addEventListener("DOMContentLoaded", () => {
  addCopyButtons(document);
  focusProblems(document);
});
document.addEventListener("htmx:load", (event) => addCopyButtons(event.detail.elt.parentNode || document));
