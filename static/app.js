// Makes the pages nicer; everything works without it. No libraries, nothing inline, user text only as text nodes.
"use strict";

document.documentElement.classList.add("js");

const PREVIEW_DELAY = 450; // milliseconds without a key before the text is read
const SEARCH_DELAY = 200; // milliseconds without a key before movies are looked for
const ANSWER_MOST = 20000; // milliseconds; the site answers sooner, be it that it is busy
const STRONG = 3; // the strength from which on a word is marked as strong, as in app/web/marks.py
const SHADED_MOST = 400; // characters above which a preview does without its words: each of them is a reading
const NICKNAME = "gampyeong.author";
const DRAFT = "gampyeong.draft:"; // and the form's address
const POSTED = "gampyeong.sent"; // which draft was sent last, and its text
const DONE = "gampyeong.done:"; // and the form's address: what was posted from there, in this tab
const STORAGES = ["localStorage", "sessionStorage"]; // for all tabs, and for one
const TEXTS = JSON.parse(document.body.dataset.texts);

// What to say: a text of app/web/script_texts.py, with its {names} filled in.
const say = (key, values = {}) => TEXTS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const later = window.requestIdleCallback ?? setTimeout; // what nobody waits for comes after the page is painted
// As Korean and English write it. Asking Intl would take longer than all the rest of this file.
const tell = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

// ---- "/" goes to the search box ----------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q")?.select();
});

// ---- Light and dark change at once; the cookie is the one that the site's own form sets ---------------------------

function wear(theme) {
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
    wear(button.value);
    for (const other of document.querySelectorAll(".theme button")) other.ariaPressed = String(other === button);
    const menu = button.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// ---- A picture that does not load gives way to the drawn poster --------------------------------------------------

function dropBroken(picture) {
  if (picture.complete && picture.naturalWidth === 0) picture.remove();
}

function watchPictures(part) {
  for (const picture of part.querySelectorAll(".poster > img")) {
    picture.addEventListener("error", () => picture.remove());
    if (picture.loading !== "lazy") dropBroken(picture);
  }
}

watchPictures(document);

// ---- What a screen reader is told --------------------------------------------------------------------------------

function announce(text) {
  document.querySelector("[data-announce]").textContent = text;
}

// ---- Asking the site a little after the last key: only the last question counts ----------------------------------

// `ask(text, signal)` fetches and resolves to what `show` gets; a question that was overtaken or failed shows nothing.
function asking(delay, ask, show) {
  let timer = 0;
  let request = null;
  return (text, wait = delay) => {
    clearTimeout(timer);
    request?.abort();
    if (text === null) return;
    timer = setTimeout(async () => {
      const mine = (request = new AbortController());
      try {
        const found = await ask(text, mine.signal);
        if (!mine.signal.aborted) show(found);
      } catch {
        if (!mine.signal.aborted) show(null);
      }
    }, wait);
  };
}

// ---- Searching while one types -----------------------------------------------------------------------------------

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
  if (!found) return; // the form itself still finds it
  const page = new DOMParser().parseFromString(found.html, "text/html");
  list.replaceChildren(...page.body.childNodes);
  watchPictures(list);
  const address = found.query ? `/?${found.query}` : "/";
  // Back leads to the list that was there before the search, not to each of its letters.
  if (address !== location.pathname + location.search) history[history.state?.searching ? "replaceState" : "pushState"]({ searching: true }, "", address);
  document.title = list.querySelector("[data-title]").dataset.title.trim();
  for (const next of document.querySelectorAll("input[name=next]")) next.value = location.pathname + location.search;
  if (list.getBoundingClientRect().top < 0) list.scrollIntoView(); // what was found is not above what is seen
  const said = found.count ? say("found", { count: tell(found.count) }) : say("found_none");
  announce(said);
}

if (list && search && location.pathname === "/") {
  let shown = search.value.trim();
  let listed = location.search;
  const find = asking(
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
    if (location.search === listed) return; // another part of the same page
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
  search.addEventListener("compositionupdate", () => setTimeout(update)); // 기ㅅ finds 기생충 before 생 is whole
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    search.value = "";
    update(0);
  });
}

// ---- A movie is chosen from what its first letters find ----------------------------------------------------------

function suggesting(field) {
  const input = field.querySelector("input[name=movie]");
  const box = document.createElement("ul");
  let movies = [];
  let at = -1;
  Object.assign(box, { id: "suggestions", className: "suggestions", role: "listbox", hidden: true });
  box.setAttribute("aria-label", field.querySelector("label").textContent);
  field.append(box);
  for (const [name, value] of Object.entries({ "role": "combobox", "aria-autocomplete": "list", "aria-controls": box.id, "aria-expanded": "false" }))
    input.setAttribute(name, value);

  function point(to) {
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
    point(-1);
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
    field.dispatchEvent(new Event("input", { bubbles: true })); // the draft is of this movie; nothing is looked for
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

  const find = asking(
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
      if (!box.hidden) announce(say("offered", { count: tell(movies.length) }));
      point(-1);
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
    point(at < 0 && step < 0 ? movies.length - 1 : (at + step + movies.length) % movies.length);
  });
}

for (const field of document.querySelectorAll("[data-suggest]")) suggesting(field);

// ---- Menus close on Escape and on a click beside them ------------------------------------------------------------

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

// ---- A review's words are shaded in place -------------------------------------------------------------------------

for (const link of document.querySelectorAll("a[data-words]")) {
  const content = link.closest(".review-body").querySelector(".content");
  const label = link.firstChild; // beside it, hidden, stands whose review it is
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
      if (cover) cover.open = true; // who asks for the words asks for the text
      label.data = say("close_words");
      link.ariaExpanded = "true";
    } catch {
      location.assign(link.href); // the page of its own says what is wrong
    } finally {
      link.ariaBusy = "false";
    }
  });
}

// ---- The link to a review is copied ------------------------------------------------------------------------------

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

if (times.length) later(showTimes);

// ---- What was just done has the focus ----------------------------------------------------------------------------

// A page that a browser kept for its back button still marks it: it was lit up then.
const [arrival] = performance.getEntriesByType("navigation");
if (arrival && arrival.type !== "navigate")
  for (const review of document.querySelectorAll(".review.is-new")) review.classList.remove("is-new");

function focusDone() {
  if (document.querySelector("[autofocus]")) return;
  const review = document.getElementById(location.hash.slice(1));
  if (review?.classList.contains("review")) review.focus({ preventScroll: true });
  else if (!location.hash) document.querySelector(".notices")?.focus({ preventScroll: true });
}

focusDone();

// ---- What the browser keeps: the nickname, and reviews until they are posted -------------------------------------

// Storage may be switched off: then nothing is kept, and nothing is missing.
function recall(key, storage = "localStorage") {
  try {
    return window[storage].getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key, value, storage = "localStorage") {
  try {
    if (value) window[storage].setItem(key, value);
    else window[storage].removeItem(key);
  } catch {
    // switched off
  }
}

function forgetPosted() {
  const { key, text } = JSON.parse(recall(POSTED) || "{}");
  if (key && document.querySelector("[data-posted]")) {
    // Another tab's draft of the same movie stays.
    for (const storage of STORAGES) if (JSON.parse(recall(key, storage) || "{}").content === text) keep(key, "", storage);
    keep(key.replace(DRAFT, DONE), text, "sessionStorage");
  }
  keep(POSTED, "");
}

// Back to a form brings back what stood in it. What was posted from it goes, or a second press would post it twice.
function dropPosted(form) {
  const { content } = form.elements;
  const done = recall(DONE + new URL(form.action).pathname, "sessionStorage");
  if (content.value === done && content.value !== content.defaultValue) content.value = ""; // a refusal shows it on purpose
}

function keepDraft(form) {
  const key = DRAFT + new URL(form.action).pathname;
  const names = ["movie", "movie_id", "movie_was", "author", "content"];
  // Asked for anew each time: where several movies fit, the one that is chosen gets a field of its own.
  const fields = () => names.map((name) => form.elements[name]).filter((field) => field?.tagName);
  const draft = recall(key, "sessionStorage") || recall(key); // this tab's own goes first
  if (draft && !form.elements.content.value) {
    const values = JSON.parse(draft);
    const another = form.elements.movie?.value; // the movie that the address asks for goes first
    for (const field of fields()) if (!field.name.startsWith("movie") || !another) field.value = values[field.name] ?? "";
    const note = form.querySelector("[data-draft-note]");
    note.textContent = say("kept");
    note.hidden = false;
  }
  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields().map((field) => [field.name, field.value]));
    for (const storage of STORAGES) keep(key, values.content.trim() ? JSON.stringify(values) : "", storage);
  });
  form.addEventListener("submit", () => keep(POSTED, JSON.stringify({ key, text: form.elements.content.value })));
}

// ---- Writing a review: counter and preview -----------------------------------------------------------------------

const tidy = (text) => text.normalize("NFC").trim();

function count(area, counter) {
  const most = Number(area.dataset.most);
  const length = [...tidy(area.value)].length;
  counter.textContent = `${tell(length)} / ${tell(most)}`;
  counter.classList.toggle("over", length > most);
  area.setCustomValidity(length > most ? say("too_long", { count: tell(length - most) }) : "");
}

function make(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

// The text with its words shaded as app/web/marks.py shades them: by how many of its steps each reaches.
function shade(text, words, steps) {
  const letters = [...text];
  const line = make("p", "text marked", "");
  let at = 0;
  for (const { start, end, weight } of words) {
    const strength = steps.filter((least) => Math.abs(weight) >= least).length;
    if (!strength) continue;
    line.append(letters.slice(at, start).join(""));
    const mark = make("mark", `${weight > 0 ? "positive" : "negative"} weight-${strength}`, letters.slice(start, end).join(""));
    mark.append(make("sub", "", `${weight > 0 ? "▲" : "▼"} ${say(strength >= STRONG ? "strong" : "weak")}`));
    line.append(mark);
    at = end;
  }
  line.append(letters.slice(at).join(""));
  return line;
}

function showReading(box, { text, reading }, sureFrom, steps) {
  const positive = reading.sentiment_label === "긍정";
  const unsure = reading.sentiment_score < sureFrom;
  const arrow = unsure ? (positive ? "△" : "▽") : positive ? "▲" : "▼";
  const score = `${reading.sentiment_score < 1 ? Math.min(99, Math.round(reading.sentiment_score * 100)) : 100}%`; // as app/web/filters.py
  const line = document.createElement("p");
  const verdict = `${arrow} ${say(positive ? "positive" : "negative")} ${reading.rating.toFixed(1)}`;
  line.append(make("strong", "verdict", verdict));
  line.append(make("span", "", `${unsure ? say("unsure") : say(positive ? "sure_positive" : "sure_negative", { score })} · ${say("so_far")}`));
  box.className = `preview ${unsure ? "uncertain" : positive ? "positive" : "negative"}`;
  box.replaceChildren(line);
  if (reading.words?.some((word) => Math.abs(word.weight) >= steps[0]))
    box.append(shade(text, reading.words, steps), make("p", "hint", say("legend")));
  if (!/[가-힣ㄱ-ㅎㅏ-ㅣ]/.test(text)) box.append(make("p", "hint", say("no_korean")));
  box.hidden = false;
}

function previewing(form, area, box) {
  const { preview, previewLong, sureFrom } = form.dataset;
  const steps = JSON.parse(form.dataset.markSteps);
  const read = asking(
    PREVIEW_DELAY,
    async (text, signal) => {
      const answer = await fetch([...text].length > SHADED_MOST ? previewLong : preview, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text }),
        signal,
      });
      return answer.ok ? { text, reading: await answer.json() } : null;
    },
    (found) => {
      if (found) showReading(box, found, Number(sureFrom), steps);
      else box.hidden = true; // a preview is a courtesy, so nothing is said
    },
  );
  return () => {
    const text = tidy(area.value);
    const readable = text && area.checkValidity();
    box.classList.add("stale");
    if (!readable) box.hidden = true;
    read(readable ? text : null);
  };
}

forgetPosted();
// A review that waited for its movie is posted with that: its draft goes, too.
for (const form of document.querySelectorAll("form[data-carries]"))
  form.addEventListener("submit", () => keep(POSTED, JSON.stringify({ key: DRAFT + form.dataset.carries, text: form.elements.content.value })));
for (const form of document.querySelectorAll("form[data-preview]")) {
  const { author, content } = form.elements;
  keepDraft(form);
  if (!author.value) author.value = recall(NICKNAME);
  form.addEventListener("submit", () => keep(NICKNAME, author.value.trim()));

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
  window.addEventListener("pageshow", () => {
    dropPosted(form); // browsers fill a page that one goes back to after its scripts ran
    update();
  });
}
