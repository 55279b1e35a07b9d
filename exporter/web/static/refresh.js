// Brings the page up to date every half minute. Without this file the page is whole all the same.
"use strict";
(() => {
  const EVERY = 30000;
  const main = document.getElementById("content");
  const state = document.getElementById("refresh-state");
  const button = document.getElementById("refresh-pause");
  let paused = false;

  // Somebody who types or chooses is not to lose what was typed.
  const isBusy = () => Boolean(document.activeElement?.closest("form"));

  const place = (root) => [...root.querySelectorAll("a[href], [tabindex], summary")];

  const show = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = page.getElementById("content");
    if (!fresh) throw new Error("no content");
    document.title = page.title;
    const focused = place(main).indexOf(document.activeElement);
    const href = document.activeElement?.getAttribute("href");
    const shifts = [...main.querySelectorAll(".scroll")].map((region) => region.scrollLeft);
    for (const details of main.querySelectorAll("details[id]")) {
      const same = fresh.querySelector(`#${details.id}`);
      if (same) same.open = details.open;
    }
    main.replaceChildren(...fresh.childNodes);
    main.querySelectorAll(".scroll").forEach((region, index) => {
      region.scrollLeft = shifts[index] ?? 0;
    });
    if (focused < 0) return;
    const places = place(main);
    const same = places.find((found) => href && found.getAttribute("href") === href);
    (same ?? places[focused] ?? main).focus({ preventScroll: true });
  };

  const refresh = async () => {
    if (paused || document.hidden || isBusy()) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (paused || isBusy()) return;
      show(text);
      state.textContent = "";
    } catch {
      state.textContent = "The exporter does not answer; this page is as it was before.";
    }
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Paused" : "Pause";
    if (!paused) refresh();
  });
  document.addEventListener("visibilitychange", refresh);
  setInterval(refresh, EVERY);
})();
