// Makes the pages nicer; everything works without it. No libraries, nothing inline, user text only as text nodes.
"use strict";

document.documentElement.classList.add("js");

const PREVIEW_DELAY = 450; // milliseconds without a key before the text is read
const ANSWER_MOST = 20000; // milliseconds; the site answers sooner, be it that it is busy
const PREVIEW_LEAST = 4; // characters worth reading
const NICKNAME = "gampyeong.author";
const TEXTS = JSON.parse(document.body.dataset.texts);

// What to say: a text of app/web/script_texts.py, with its {names} filled in.
const say = (key, values = {}) => TEXTS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const tell = (number) => number.toLocaleString(document.documentElement.lang);

// ---- "/" goes to the search box ----------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q")?.select();
});

// ---- A picture that does not load gives way to the drawn poster --------------------------------------------------

function dropBroken(picture) {
  if (picture.complete && picture.naturalWidth === 0) picture.remove();
}

for (const picture of document.querySelectorAll(".poster > img")) {
  picture.addEventListener("error", () => picture.remove());
  if (picture.loading !== "lazy") dropBroken(picture);
}

// ---- Menus close on Escape and on a click beside them ------------------------------------------------------------

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = event.target.closest("details.menu[open], details.ask[open]");
  closeMenus();
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// ---- On a phone, opening a form goes on to its first empty field -------------------------------------------------

function focusOpened() {
  const sheet = document.getElementById(location.hash.slice(1));
  if (!sheet?.classList.contains("sheet")) return;
  const fields = [...sheet.querySelectorAll("select, input:not([type=hidden]), textarea")];
  (fields.find((field) => !field.value) ?? fields[0])?.focus({ preventScroll: true });
}

window.addEventListener("hashchange", focusOpened);

// ---- Forms are posted once ---------------------------------------------------------------------------------------

for (const form of document.querySelectorAll("form[data-once]")) {
  const button = form.querySelector("button[type=submit]");
  const label = button.textContent;
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.busy;
    setTimeout(free, ANSWER_MOST); // the browser's stop button leaves the page as it is
  });
  function free() {
    delete form.dataset.sent;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  }
  // Coming back with the browser's button shows the page as it was left.
  window.addEventListener("pageshow", free);
}

// ---- Writing a review: nickname, counter, preview ----------------------------------------------------------------

function remembered() {
  try {
    return localStorage.getItem(NICKNAME) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

function remember(name) {
  try {
    localStorage.setItem(NICKNAME, name);
  } catch {
    // storage is switched off
  }
}

const tidy = (text) => text.normalize("NFC").trim();

function count(area, counter) {
  const most = Number(area.dataset.most);
  const length = [...tidy(area.value)].length;
  counter.textContent = `${tell(length)} / ${tell(most)}`;
  counter.classList.toggle("over", length > most);
  area.setCustomValidity(length > most ? say("too_long", { count: tell(length - most) }) : "");
}

function showReading(box, reading, sureFrom) {
  const positive = reading.sentiment_label === "긍정";
  const unsure = reading.sentiment_score < sureFrom;
  const line = document.createElement("p");
  const verdict = document.createElement("strong");
  verdict.className = "verdict";
  verdict.textContent = `${unsure ? (positive ? "△" : "▽") : positive ? "▲" : "▼"} ${say(positive ? "positive" : "negative")} ${reading.rating.toFixed(1)}`;
  const rest = document.createElement("span");
  const score = `${Math.floor(reading.sentiment_score * 100 + 1e-9)}%`;
  rest.textContent = `${unsure ? say("unsure") : say("sure", { score })} · ${say("so_far")}`;
  line.append(verdict, rest);
  box.className = `preview ${unsure ? "uncertain" : positive ? "positive" : "negative"}`;
  box.replaceChildren(line);
  box.hidden = false;
}

function previewing(form, area, box) {
  let timer = 0;
  let request = null;

  async function read(text) {
    request = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text }),
        signal: request.signal,
      });
      if (answer.ok) showReading(box, await answer.json(), Number(form.dataset.sureFrom));
      else box.hidden = true;
    } catch {
      // Stale, or the site is away: a preview is a courtesy, so nothing is said.
    }
  }

  return () => {
    clearTimeout(timer);
    request?.abort();
    const text = tidy(area.value);
    const readable = [...text].length >= PREVIEW_LEAST && area.checkValidity();
    box.classList.add("stale");
    if (readable) timer = setTimeout(read, PREVIEW_DELAY, text);
    else box.hidden = true;
  };
}

for (const form of document.querySelectorAll("form[data-preview]")) {
  const { author, content } = form.elements;
  if (!author.value) author.value = remembered();
  form.addEventListener("submit", () => remember(author.value.trim()));

  // The attribute cuts a pasted text off in silence, and counts some characters twice: the counter says it instead.
  content.dataset.most = content.maxLength;
  content.removeAttribute("maxlength");
  const counter = form.querySelector("[data-counter]");
  const preview = previewing(form, content, form.querySelector("[data-preview-box]"));
  const update = () => {
    count(content, counter);
    preview();
  };
  content.addEventListener("input", update);
  update();
}
