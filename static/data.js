// Files in and out: a running job shows how far it is, and a file that is too large is named before it is sent.
"use strict";

const LOOK_EVERY = 1000; // milliseconds
const REST = 5000; // after an answer that did not come

async function look() {
  const box = document.querySelector("[data-job=running]");
  if (!box) return;
  let wait = LOOK_EVERY;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-job]");
    // The button stays the same one, for whoever is about to press it.
    if (fresh?.dataset.job === "running") renew(box, fresh, ["progress", "progress + p"]);
    else if (fresh) box.replaceWith(fresh);
  } catch {
    wait = REST; // the site is away for a moment
  }
  setTimeout(look, wait);
}

// All are found before one is moved: `progress + p` is not beside its `progress` any more afterwards.
function renew(box, fresh, selectors) {
  const pairs = selectors.map((selector) => [box.querySelector(selector), fresh.querySelector(selector)]);
  for (const [old, now] of pairs) if (old && now) old.replaceWith(now);
}

setTimeout(look, LOOK_EVERY);

for (const input of document.querySelectorAll("input[type=file][data-most]")) {
  input.addEventListener("change", () => {
    const tooLarge = [...input.files].some((file) => file.size > Number(input.dataset.most));
    input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
    input.reportValidity();
  });
}
