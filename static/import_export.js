// Import and export page: polls the running job, and rejects too large files before their upload.
"use strict";

const POLL_INTERVAL = 1000; // milliseconds
const RETRY_INTERVAL = 5000; // after a failed request

async function pollJob() {
  const box = document.querySelector("[data-job=running]");
  if (!box) return;
  let wait = POLL_INTERVAL;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-job]");
    // Keeps the button, which may be being pressed.
    if (fresh?.dataset.job === "running") patchHtml(box, fresh, ["progress", "progress + p"]);
    else if (fresh) box.replaceWith(fresh);
  } catch {
    wait = RETRY_INTERVAL; // then retry below
  }
  setTimeout(pollJob, wait);
}

// Find all elements before moving one: `progress + p` no longer matches afterwards.
function patchHtml(box, fresh, selectors) {
  const pairs = selectors.map((selector) => [box.querySelector(selector), fresh.querySelector(selector)]);
  for (const [old, now] of pairs) if (old && now) old.replaceWith(now);
}

setTimeout(pollJob, POLL_INTERVAL);

for (const input of document.querySelectorAll("input[type=file][data-max-size]")) {
  input.addEventListener("change", () => {
    const tooLarge = [...input.files].some((file) => file.size > Number(input.dataset.maxSize));
    input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
    input.reportValidity();
  });
}
