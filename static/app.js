// Progressive enhancement: every page works without it. User text is inserted as text nodes only.
"use strict";

document.documentElement.classList.add("js");

const PREVIEW_DELAY = 450; // milliseconds after the last key before the text is analyzed
const SEARCH_DELAY = 200; // milliseconds after the last key before a search
const ANSWER_TIMEOUT = 20000; // milliseconds; the site responds sooner, at least with 503
const STRONG = 3; // minimum strength of a word labelled strong, as in templates/_sentiment.html
const MAX_HIGHLIGHTED = 400; // characters; in longer texts, explanations take too long for a preview
const NICKNAME = "gampyeong.author";
const DRAFT = "gampyeong.draft:"; // prefix of the form's URL
const POSTED = "gampyeong.sent"; // key and text of the draft posted last
const DONE = "gampyeong.done:"; // prefix of the form's URL; the text posted from it in this tab
const STORAGES = ["localStorage", "sessionStorage"]; // for all tabs, for this tab
const TEXTS = JSON.parse(document.body.dataset.texts);

// Returns a text of templates/_script_texts.html with its {placeholders} filled in.
const t = (key, values = {}) => TEXTS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const whenIdle = window.requestIdleCallback ?? setTimeout; // after the page is painted
// Formats 1234 as 1,234, in Korean and English. Loading Intl takes longer than the rest of this file.
const formatNumber = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

// ---- "/" focuses the search box -----------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q")?.select();
});

// ---- Theme change without a reload; sets the same cookie as the form ----------------------------------------------

function applyTheme(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31536000 : 0}; samesite=lax${secure}`;
  const top = getComputedStyle(document.querySelector(".top")).backgroundColor;
  for (const meta of document.querySelectorAll("meta[name=theme-color]")) meta.content = top;
}

for (const button of document.querySelectorAll(".theme button")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    applyTheme(button.value);
    for (const other of document.querySelectorAll(".theme button")) other.ariaPressed = String(other === button);
    const menu = button.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// ---- Removal of broken pictures, which cover the drawn posters ----------------------------------------------------

function removeBrokenImage(picture) {
  if (picture.complete && picture.naturalWidth === 0) picture.remove();
}

function watchImages(part) {
  for (const picture of part.querySelectorAll(".poster > img")) {
    picture.addEventListener("error", () => picture.remove());
    if (picture.loading !== "lazy") removeBrokenImage(picture);
  }
}

watchImages(document);

// ---- Announcements for screen readers -----------------------------------------------------------------------------

function announce(text) {
  const status = document.querySelector("[data-announce]");
  if (status) status.textContent = text;
}

// ---- Debounced requests -------------------------------------------------------------------------------------------

// Returns a function that waits `delay` ms, then calls `request(text, signal)` and passes its result to `show`.
// A new call aborts the one before; a failed request shows null.
function debouncedFetch(delay, request, show) {
  let timer = 0;
  let controller = null;
  return (text, wait = delay) => {
    clearTimeout(timer);
    controller?.abort();
    if (text === null) return;
    timer = setTimeout(async () => {
      const mine = (controller = new AbortController());
      try {
        const found = await request(text, mine.signal);
        if (!mine.signal.aborted) show(found);
      } catch {
        if (!mine.signal.aborted) show(null);
      }
    }, wait);
  };
}

// ---- Live search --------------------------------------------------------------------------------------------------

const list = document.querySelector("[data-list]");
const search = document.getElementById("q");

function queryFor(text) {
  const query = new URLSearchParams(location.search);
  for (const name of ["page", "movie", "title", "q"]) query.delete(name);
  if (text) query.set("q", text);
  return query.toString();
}

function showList(found) {
  list.removeAttribute("aria-busy");
  if (!found) return; // submitting the form still works
  const page = new DOMParser().parseFromString(found.html, "text/html");
  list.replaceChildren(...page.body.childNodes);
  watchImages(list);
  const address = found.query ? `/?${found.query}` : "/";
  // A history entry per search, not per letter.
  if (address !== location.pathname + location.search) history[history.state?.searching ? "replaceState" : "pushState"]({ searching: true }, "", address);
  document.title = list.querySelector("[data-title]").dataset.title.trim();
  for (const next of document.querySelectorAll("input[name=next]")) next.value = location.pathname + location.search;
  if (list.getBoundingClientRect().top < 0) list.scrollIntoView(); // otherwise the results may be above the viewport
  announce(found.count ? t("found", { count: formatNumber(found.count) }) : t("found_none"));
}

if (list && search && location.pathname === "/") {
  let shown = search.value.trim();
  let listed = location.search;
  const find = debouncedFetch(
    SEARCH_DELAY,
    async (query, signal) => {
      list.setAttribute("aria-busy", "true");
      const answer = await fetch(`${list.dataset.list}?${query}`, { signal });
      if (!answer.ok) throw new Error(answer.status);
      return { query, html: await answer.text(), count: Number(answer.headers.get("X-Total-Count")) };
    },
    (found) => {
      showList(found);
      listed = location.search;
    },
  );
  window.addEventListener("popstate", () => {
    if (location.search === listed) return; // only the fragment changed
    search.value = shown = new URLSearchParams(location.search).get("q") ?? "";
    find(location.search.slice(1), 0);
  });
  const update = (wait) => {
    const text = search.value.trim();
    if (text === shown) return;
    shown = text;
    find(queryFor(text), wait);
  };
  search.addEventListener("input", (event) => event.isComposing || update());
  search.addEventListener("compositionend", () => update());
  search.addEventListener("compositionupdate", () => setTimeout(update)); // finds 기생충 by 기ㅅ while 생 is being composed
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    search.value = "";
    update(0);
  });
}

// ---- Autocomplete of movies ---------------------------------------------------------------------------------------

function setupAutocomplete(field) {
  const input = field.querySelector("input[name=movie]");
  const box = document.createElement("ul");
  let movies = [];
  let at = -1;
  Object.assign(box, { id: "suggestions", className: "suggestions", role: "listbox", hidden: true });
  box.setAttribute("aria-label", field.querySelector("label").textContent);
  field.append(box);
  for (const [name, value] of Object.entries({ "role": "combobox", "aria-autocomplete": "list", "aria-controls": box.id, "aria-expanded": "false" }))
    input.setAttribute(name, value);

  function activate(to) {
    at = to;
    for (const [number, option] of [...box.children].entries()) option.setAttribute("aria-selected", String(number === at));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", box.children[at].id);
    box.children[at].scrollIntoView({ block: "nearest" });
  }

  function close() {
    find(null);
    box.hidden = true;
    input.setAttribute("aria-expanded", "false");
    activate(-1);
  }

  function choose(movie) {
    field.querySelector(".matches")?.remove();
    let id = field.querySelector("input[name=movie_id]");
    if (!id) {
      id = Object.assign(document.createElement("input"), { type: "hidden", name: "movie_id" });
      field.append(id);
    }
    id.value = movie.id;
    input.value = field.querySelector("input[name=movie_was]").value = movie.title;
    field.dispatchEvent(new Event("input", { bubbles: true })); // saves the draft with this movie, without a request
    close();
  }

  function option(movie, number) {
    const item = Object.assign(document.createElement("li"), { id: `suggestion-${number}`, role: "option" });
    const title = Object.assign(document.createElement("bdi"), { textContent: movie.title });
    const facts = [movie.release_date.slice(0, 4), movie.director].filter(Boolean).join(" · ");
    item.append(title, " ", Object.assign(document.createElement("small"), { textContent: facts }));
    item.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    item.addEventListener("click", () => choose(movie));
    return item;
  }

  const find = debouncedFetch(
    SEARCH_DELAY,
    async (text, signal) => {
      const answer = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ q: text })}`, { signal });
      return answer.ok ? answer.json() : [];
    },
    (found) => {
      movies = found ?? [];
      box.replaceChildren(...movies.map(option));
      box.hidden = !movies.length || document.activeElement !== input;
      input.setAttribute("aria-expanded", String(!box.hidden));
      if (!box.hidden) announce(t("offered", { count: formatNumber(movies.length) }));
      activate(-1);
    },
  );

  input.addEventListener("input", () => {
    const text = input.value.trim();
    if (text) find(text);
    else close();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !box.hidden) return event.preventDefault(), close();
    if (event.key === "Enter" && at >= 0) return event.preventDefault(), choose(movies[at]);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (box.hidden) return input.value.trim() && find(input.value.trim(), 0);
    const step = event.key === "ArrowDown" ? 1 : -1;
    activate(at < 0 && step < 0 ? movies.length - 1 : (at + step + movies.length) % movies.length);
  });
}

for (const field of document.querySelectorAll("[data-suggest]")) setupAutocomplete(field);

// ---- Closing of menus by Escape or a click outside ---------------------------------------------------------------

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = event.target.closest("details.menu[open], details.inline-confirm[open]");
  closeMenus();
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// ---- Focus of an opened form's first empty field on phones --------------------------------------------------------

function focusOpenedPanel() {
  const sheet = document.getElementById(location.hash.slice(1));
  if (!sheet?.classList.contains("sheet")) return;
  const fields = [...sheet.querySelectorAll("select, input:not([type=hidden]), textarea")];
  (fields.find((field) => !field.value) ?? fields[0])?.focus({ preventScroll: true });
}

window.addEventListener("hashchange", focusOpenedPanel);

// ---- Prevention of double posts ----------------------------------------------------------------------------------

for (const form of document.querySelectorAll("form[data-once]")) {
  let button = null;
  let label = "";
  form.addEventListener("submit", (event) => {
    if (button) return event.preventDefault();
    button = event.submitter ?? form.querySelector("button[type=submit]");
    label = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy ?? form.dataset.busy;
    setTimeout(release, ANSWER_TIMEOUT); // also after the browser's stop button
  });
  function release() {
    if (!button) return;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
    button = null;
  }
  // The back button may restore the page with its buttons disabled.
  window.addEventListener("pageshow", release);
}

// ---- Highlighting of a review's words in place --------------------------------------------------------------------

for (const link of document.querySelectorAll("a[data-words]")) {
  const content = link.closest(".review-body").querySelector(".content");
  const label = link.firstChild; // followed by the visually hidden name of the review
  const name = label.data;
  let plain = null;
  link.ariaExpanded = "false";
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || link.ariaBusy === "true") return;
    event.preventDefault();
    if (plain) {
      content.replaceChildren(...plain);
      plain = null;
      label.data = name;
      link.ariaExpanded = "false";
      return;
    }
    link.ariaBusy = "true";
    try {
      const answer = await fetch(link.dataset.words);
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      plain = [...content.childNodes];
      content.replaceChildren(...page.body.childNodes);
      const cover = content.closest("details.spoiler");
      if (cover) cover.open = true; // highlighting reveals the text
      label.data = t("close_words");
      link.ariaExpanded = "true";
    } catch {
      location.assign(link.href); // the full page shows the error
    } finally {
      link.ariaBusy = "false";
    }
  });
}

// ---- Copy a review's link -----------------------------------------------------------------------------------------

if (navigator.clipboard)
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.firstChild;
    const name = label.data;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location).href);
      label.data = button.dataset.copied;
      setTimeout(() => (label.data = name), 2000);
    });
  }

// ---- Exact times in the browser's own time zone ------------------------------------------------------------------

const times = document.querySelectorAll("time[title]");

function showTimes() {
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  for (const time of times) time.title = clock.format(new Date(time.dateTime));
}

if (times.length) whenIdle(showTimes);

// ---- Focus of a post's result -------------------------------------------------------------------------------------

// A page restored by the back button must not highlight the review again.
const [arrival] = performance.getEntriesByType("navigation");
if (arrival && arrival.type !== "navigate")
  for (const review of document.querySelectorAll(".review.is-new")) review.classList.remove("is-new");

function focusResult() {
  if (document.querySelector("[autofocus]")) return;
  const review = document.getElementById(location.hash.slice(1));
  if (review?.classList.contains("review")) review.focus({ preventScroll: true });
  else if (!location.hash) document.querySelector(".notices")?.focus({ preventScroll: true });
}

focusResult();

// ---- Stored in the browser: the nickname, and drafts of reviews until they are posted -----------------------------

// If storage is disabled, drafts are not saved.
function storageGet(key, storage = "localStorage") {
  try {
    return window[storage].getItem(key) ?? "";
  } catch {
    return "";
  }
}

function storageSet(key, value, storage = "localStorage") {
  try {
    if (value) window[storage].setItem(key, value);
    else window[storage].removeItem(key);
  } catch {
    // disabled
  }
}

function clearPostedDraft() {
  const { key, text } = JSON.parse(storageGet(POSTED) || "{}");
  if (key && document.querySelector("[data-posted]")) {
    // Keeps another tab's draft of the same movie.
    for (const storage of STORAGES) if (JSON.parse(storageGet(key, storage) || "{}").content === text) storageSet(key, "", storage);
    storageSet(key.replace(DRAFT, DONE), text, "sessionStorage");
  }
  storageSet(POSTED, "");
}

// The back button restores a form's fields. Clears a posted text, to prevent posting it twice.
function clearDraft(form) {
  const { content } = form.elements;
  const done = storageGet(DONE + new URL(form.action).pathname, "sessionStorage");
  if (content.value === done && content.value !== content.defaultValue) content.value = ""; // unless the server returned it in a rejected form
}

function saveDraft(form) {
  const key = DRAFT + new URL(form.action).pathname;
  const names = ["movie", "movie_id", "movie_was", "author", "content"];
  // Not cached, as choosing among several movies adds a field.
  const fields = () => names.map((name) => form.elements[name]).filter((field) => field?.tagName);
  const draft = storageGet(key, "sessionStorage") || storageGet(key); // this tab's draft first
  if (draft && !form.elements.content.value) {
    const values = JSON.parse(draft);
    const another = form.elements.movie?.value; // a movie in the URL takes precedence
    for (const field of fields()) if (!field.name.startsWith("movie") || !another) field.value = values[field.name] ?? "";
    const note = form.querySelector("[data-draft-note]");
    note.textContent = t("kept");
    note.hidden = false;
  }
  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields().map((field) => [field.name, field.value]));
    for (const storage of STORAGES) storageSet(key, values.content.trim() ? JSON.stringify(values) : "", storage);
  });
  form.addEventListener("submit", () => storageSet(POSTED, JSON.stringify({ key, text: form.elements.content.value })));
}

// ---- Writing a review: counter and preview -----------------------------------------------------------------------

const tidy = (text) => text.normalize("NFC").trim();

function updateCounter(area, counter) {
  const max = Number(area.dataset.maxCharacters);
  const length = [...tidy(area.value)].length;
  counter.textContent = `${formatNumber(length)} / ${formatNumber(max)}`;
  counter.classList.toggle("over", length > max);
  area.setCustomValidity(length > max ? t("too_long", { count: formatNumber(length - max) }) : "");
}

function createElement(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

// Returns the text with highlighted words, as app/web/explanations.py: strength is the number of thresholds reached.
function highlightWords(text, words, thresholds) {
  const letters = [...text];
  const line = createElement("p", "text marked", "");
  let at = 0;
  for (const { start, end, weight } of words) {
    const strength = thresholds.filter((threshold) => Math.abs(weight) >= threshold).length;
    if (!strength) continue;
    line.append(letters.slice(at, start).join(""));
    const mark = createElement("mark", `${weight > 0 ? "positive" : "negative"} weight-${strength}`, letters.slice(start, end).join(""));
    mark.append(createElement("sub", "", `${weight > 0 ? "▲" : "▼"} ${t(strength >= STRONG ? "strong" : "weak")}`));
    line.append(mark);
    at = end;
  }
  line.append(letters.slice(at).join(""));
  return line;
}

function showPrediction(box, { text, sentiment }, confidentFrom, thresholds) {
  const positive = sentiment.sentiment_label === "긍정";
  const unsure = sentiment.sentiment_score < confidentFrom;
  const arrow = unsure ? (positive ? "△" : "▽") : positive ? "▲" : "▼";
  const score = `${sentiment.sentiment_score < 1 ? Math.min(99, Math.round(sentiment.sentiment_score * 100)) : 100}%`; // as app/web/filters.py
  const line = document.createElement("p");
  const verdict = `${arrow} ${t(positive ? "positive" : "negative")} ${sentiment.rating.toFixed(1)}`;
  line.append(createElement("strong", "verdict", verdict));
  line.append(createElement("span", "", `${unsure ? t("unsure") : t(positive ? "sure_positive" : "sure_negative", { score })} · ${t("so_far")}`));
  box.className = `preview ${unsure ? "uncertain" : positive ? "positive" : "negative"}`;
  box.replaceChildren(line);
  if (sentiment.words?.some((word) => Math.abs(word.weight) >= thresholds[0]))
    box.append(highlightWords(text, sentiment.words, thresholds), createElement("p", "hint", t("legend")));
  if (!/[가-힣ㄱ-ㅎㅏ-ㅣ]/.test(text)) box.append(createElement("p", "hint", t("no_korean")));
  box.hidden = false;
}

function setupPreview(form, area, box) {
  const { preview, previewLong, confidentFrom } = form.dataset;
  const thresholds = JSON.parse(form.dataset.thresholds);
  const requestPreview = debouncedFetch(
    PREVIEW_DELAY,
    async (text, signal) => {
      const answer = await fetch([...text].length > MAX_HIGHLIGHTED ? previewLong : preview, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text }),
        signal,
      });
      return answer.ok ? { text, sentiment: await answer.json() } : null;
    },
    (found) => {
      if (found) showPrediction(box, found, Number(confidentFrom), thresholds);
      else box.hidden = true; // a failed preview shows no error
    },
  );
  return () => {
    const text = tidy(area.value);
    const readable = text && area.checkValidity();
    box.classList.add("stale");
    if (!readable) box.hidden = true;
    requestPreview(readable ? text : null);
  };
}

clearPostedDraft();
// A review posted together with its new movie clears its draft, too.
for (const form of document.querySelectorAll("form[data-carries]"))
  form.addEventListener("submit", () => storageSet(POSTED, JSON.stringify({ key: DRAFT + form.dataset.carries, text: form.elements.content.value })));
for (const form of document.querySelectorAll("form[data-preview]")) {
  const { author, content } = form.elements;
  saveDraft(form);
  if (!author.value) author.value = storageGet(NICKNAME);
  form.addEventListener("submit", () => storageSet(NICKNAME, author.value.trim()));

  // maxlength truncates a pasted text silently and counts some characters twice; the counter replaces it.
  content.dataset.maxCharacters = content.maxLength;
  content.removeAttribute("maxlength");
  const counter = form.querySelector("[data-counter]");
  const preview = setupPreview(form, content, form.querySelector("[data-preview-box]"));
  const update = () => {
    updateCounter(content, counter);
    preview();
  };
  content.addEventListener("input", update);
  update();
  window.addEventListener("pageshow", () => {
    clearDraft(form); // after browsers have restored the fields
    update();
  });
}
