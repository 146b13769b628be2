// SPDX-License-Identifier: Apache-2.0
// The page: sign in, read the lists, then follow the event stream. Everything from the server is shown as text, never as HTML.
// Rows are kept and updated in place, so that a comment being typed survives the changes around it.
"use strict";

const SILENT_MS = 5000;      // no heartbeat for so long: the stream is gone, whatever the connection says
const ENTRIES_SHOWN = 50, ENTRIES_KEPT = 500;
const DOOR_ROUTINE = new Set(["door.phys", "door.lock", "door.lock2", "door.mode"]); // what every passage does to its door
const BEEP_MS = 2000;
const ACTIVITY_MS = 60000;   // a person's activity renews the session at most so often; the stream itself never does
const SEVERITIES = ["diagnostic", "low", "medium", "high", "critical"];
const SHAPES = {diagnostic: "·", low: "▽", medium: "△", high: "◆", critical: "■"};
const UNACKNOWLEDGED = new Set(["unacknowledged", "returned_unacknowledged"]);

const byId = (id) => document.getElementById(id);
const state = {
  lang: localStorage.getItem("lang") === "en" ? "en" : "ja",
  texts: {}, session: null, site: null, stream: null,
  heardAt: 0, connected: null, lost: false, loading: false, waiting: [],
  alarms: new Map(), entries: [], points: new Map(), may: {},
  audio: null, beepedAt: 0, activityAt: 0,
  clockAhead: 0,             // the server's clock against this browser's, in ms
  names: {zones: new Map(), doors: new Map(), devices: new Map()},
};

// --- texts and figures ---

const text = (key) => state.texts[key] ?? key;
const word = (family, name) => state.texts[family + "." + name] ?? name ?? "";
const locale = () => (state.lang === "ja" ? "ja-JP" : "en-GB");

function formatTime(stamp, withDate) {
  if (!stamp) return "-";
  const options = {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: state.site?.zone ?? "UTC"};
  if (withDate) Object.assign(options, {month: "2-digit", day: "2-digit"});
  return new Intl.DateTimeFormat(locale(), options).format(new Date(stamp));
}

function formatAge(stamp) {
  if (!stamp) return "-";
  const seconds = Math.max(0, Math.floor((Date.now() + state.clockAhead - new Date(stamp)) / 1000));
  if (seconds < 60) return seconds + " " + text("unit.seconds");
  if (seconds < 3600) return Math.floor(seconds / 60) + " " + text("unit.minutes");
  if (seconds < 86400) return Math.floor(seconds / 3600) + " " + text("unit.hours") + " " + Math.floor(seconds / 60) % 60 + " " + text("unit.minutes");
  return Math.floor(seconds / 86400) + " " + text("unit.days");
}

function formatValue(item) {
  if (item.value === null || item.value === undefined) return "-";
  if (Array.isArray(item.value)) return item.value.map((name) => word("state", name)).join(" ") || "-";
  if (typeof item.value !== "number") return item.kind === "state" ? word("state", item.value) : String(item.value);
  const shown = item.unit === "Cel" ? "°C" : item.unit === "1" ? "" : item.unit ?? "";
  return new Intl.NumberFormat(locale(), {maximumFractionDigits: 3}).format(item.value) + (shown ? " " + shown : "");
}

// "ambient.3.humidity" has its text under "ambient.n.humidity".
const pointText = (name) => word("point", name.replace(/\.\d+(?=\.|$)/g, ".n"));

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

function set(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

async function loadTexts() {
  state.texts = await (await fetch("/api/v1/texts/" + state.lang + ".json")).json();
  document.documentElement.lang = state.lang;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  showSite();
  showSound();
}

// --- talking to the server ---

async function call(method, path, body) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (method !== "GET" && state.session) headers["X-CSRF-Token"] = state.session.csrf;
  const answer = await fetch("/api/v1" + path, {method, headers, body: body ? JSON.stringify(body) : undefined, credentials: "same-origin"});
  const data = await answer.json().catch(() => ({}));
  if (answer.status === 401 && state.session) leave("page.signed_out");
  return {status: answer.status, ok: answer.ok, data};
}

async function loadAll(path) {
  const items = [];
  let cursor = null;
  do {
    const answer = await call("GET", path + "limit=1000" + (cursor ? "&cursor=" + cursor : ""));
    if (answer.status === 403) return null;
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    items.push(...answer.data.items);
    cursor = answer.data.next;
  } while (cursor);
  return items;
}

async function reload() {
  state.loading = true;
  try {
    const [alarms, points, entries, site] = await Promise.all([loadAll("/alarms?"), loadAll("/points?"),
      call("GET", "/entries?limit=" + ENTRIES_KEPT), call("GET", "/site")]);
    if (site.ok) takeSite(site.data);
    state.may = {alarms: alarms !== null, points: points !== null, entries: entries.status !== 403};
    state.alarms = new Map((alarms ?? []).map((alarm) => [alarm.id, alarm]));
    state.points = new Map((points ?? []).map((point) => [point.id, point]));
    if (entries.ok) state.entries = entries.data.items;
  } catch (error) {
    setTimeout(() => state.session && reload(), 2000);
  } finally {
    state.loading = false;
  }
  for (const apply of state.waiting.splice(0)) apply();
  showSite();
  showAlarms();
  showEntries();
  showDevices();
  loadMuster();
  loadSections();
}

// --- sign in and out ---

function show(signedIn) {
  byId("sign-in").hidden = signedIn;
  byId("content").hidden = !signedIn;
  byId("sign-out").hidden = !signedIn;
  byId("sound").hidden = !signedIn;
  if (!signedIn) byId("token").focus();
}

function leave(message) {
  state.session = null;
  state.stream?.close();
  state.stream = null;
  state.alarms.clear();
  state.points.clear();
  state.entries = [];
  for (const id of ["alarm-table", "entry-table"]) byId(id).tBodies[0].replaceChildren();
  byId("devices").replaceChildren();
  byId("muster-list").replaceChildren();
  byId("muster").hidden = true;
  state.muster = null;
  clearSections();
  set(byId("sign-in-message"), message ? text(message) : "");
  show(false);
}

async function enter() {
  const answer = await call("GET", "/session");
  if (!answer.ok) {
    leave(answer.status === 401 ? "" : "page.sign_in_unavailable");
    return;
  }
  state.session = answer.data;
  show(true);
  showSound();
  follow();
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  const answer = await call("POST", "/session", {token}).catch(() => ({status: 503}));
  byId("token").value = "";
  if (answer.status === 200) enter();
  else set(byId("sign-in-message"), text(answer.status === 503 ? "page.sign_in_unavailable" : "page.sign_in_failed"));
});

byId("sign-out").addEventListener("click", async () => {
  await call("DELETE", "/session").catch(() => {});
  leave("");
});

byId("language").addEventListener("click", async () => {
  state.lang = state.lang === "ja" ? "en" : "ja";
  localStorage.setItem("lang", state.lang);
  await loadTexts();
  showAlarms();
  showEntries();
  showDevices();
  showMuster();
  showSections();
});

for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, () => {
    if (state.audio?.state === "suspended") state.audio.resume();
    if (!state.session || Date.now() - state.activityAt < ACTIVITY_MS) return;
    state.activityAt = Date.now();
    call("GET", "/session").catch(() => {});
  });
}

// --- the stream ---

function on(stream, name, handle) {
  stream.addEventListener(name, (event) => {
    if (stream !== state.stream) return;
    const data = JSON.parse(event.data);
    if (state.loading && name !== "heartbeat" && name !== "collector") state.waiting.push(() => handle(data));
    else handle(data);
  });
}

function follow() {
  state.stream?.close();
  const stream = state.stream = new EventSource("/api/v1/events");
  state.heardAt = performance.now();
  on(stream, "snapshot", (data) => {
    state.heardAt = performance.now();
    state.connected = data.connected;
    reload();
  });
  on(stream, "heartbeat", (data) => {
    state.heardAt = performance.now();
    state.connected = data.connected;
    if (data.time) state.clockAhead = new Date(data.time) - Date.now();
    byId("unrecorded").hidden = !data.connected || data.writable;
    const dot = document.querySelector(".dot");
    dot.classList.remove("beat");
    requestAnimationFrame(() => dot.classList.add("beat"));
  });
  on(stream, "collector", (data) => { state.connected = data.connected; tick(); });
  on(stream, "alarm", takeAlarm);
  on(stream, "entry", (entry) => {
    takeEntry(entry);
    if (entry.event.startsWith("muster.")) loadMuster(); // somebody else ticks too
    touchSections(entry);
  });
  on(stream, "point", takePoint);
  on(stream, "gap", () => { notice("page.gap"); reload(); });
  stream.addEventListener("error", async () => {
    if (stream !== state.stream || stream.readyState !== EventSource.CLOSED) return; // the browser reconnects by itself
    await call("GET", "/session").catch(() => {});
    setTimeout(() => { if (state.session && stream === state.stream) follow(); }, 2000);
  });
}

function notice(key) {
  set(byId("notice"), text(key));
  byId("notice").hidden = false;
  setTimeout(() => { byId("notice").hidden = true; }, 15000);
}

// --- names ---

function takeSite(site) {
  state.site = site;
  for (const kind of ["zones", "doors", "devices"])
    state.names[kind] = new Map((site[kind] ?? []).map((entry) => [entry.id, entry]));
}

const titleOf = (entry, id) => entry?.title?.[state.lang] || entry?.title?.en || id;

// "ups1/battery.charge", "door:d1", "door:d1/tamper", "dc1/ctrl.gap", "system:poller:0", "crac2": who, and what of it.
function nameOf(source) {
  const [owner, part] = source.split(/\/(.*)/s);
  if (owner.startsWith("door:")) {
    const id = owner.slice(5);
    return {title: titleOf(state.names.doors.get(id), id), part: ""};
  }
  if (owner.startsWith("system:")) return {title: text("label.monitor"), part: owner.slice(7)};
  const controller = part && state.texts["event." + part];
  return {title: titleOf(state.names.devices.get(owner), owner), part: controller || (part ? pointText(part) : "")};
}

// --- alarms ---

function takeAlarm(alarm) {
  const known = state.alarms.get(alarm.id);
  if (alarm.state === "normal") state.alarms.delete(alarm.id);
  else state.alarms.set(alarm.id, alarm);
  if (!known && alarm.state !== "normal")
    set(byId("announce"), [text("page.new_alarm"), word("severity", alarm.severity), nameOf(alarm.source).title, detailOf(alarm), alarm.place].join(" "));
  touchSections({event: alarm.source.replace("system:", "").replace(":", ".")});
  showAlarms();
  sound(); // at once: the timers of a tab in the background may run once a minute
}

// What is wrong, in words: the engine's detail is made for machines.
const DETAILS = {
  State: (alarm) => alarm.detail.split(",").map((name) => word("state", name)).join(text("label.comma")),
  Door: (alarm) => ["door.alarm", "door.tamper", "door.fault", "event"].map((family) => state.texts[family + "." + alarm.detail]).find(Boolean) ?? alarm.detail,
  Access: (alarm) => alarm.detail.split(",").map((reason) => word("deny_reason", reason.trim())).join(text("label.comma")),
  Controller: (alarm) => {
    const gap = /^(\d+) holes?, (\d+) missing/.exec(alarm.detail);
    return gap ? text("detail.gap").replace("{0}", gap[1]).replace("{1}", gap[2]) : alarm.detail;
  },
  System: (alarm) => {
    const due = state.texts["due." + alarm.source.split(":")[1]];
    if (due) return due + " " + alarm.detail;
    const name = text("system." + alarm.source.split(":")[1]);
    return name.startsWith("system.") ? alarm.detail : name;
  },
};

function figuresOf(alarm) {
  if (typeof alarm.value !== "number") return alarm.detail;
  const limit = typeof alarm.limit === "number" ? " (" + text("label.limit") + " " + formatValue({value: alarm.limit, unit: alarm.unit}) + ")" : "";
  return formatValue({value: alarm.value, unit: alarm.unit}) + limit;
}

function detailOf(alarm) {
  const detail = DETAILS[alarm.condition] ? DETAILS[alarm.condition](alarm) : figuresOf(alarm);
  return [word("condition", alarm.condition), detail].filter(Boolean).join(" ");
}

function rank(alarm) {
  return (UNACKNOWLEDGED.has(alarm.state) ? 20 : 0) + (alarm.active ? 10 : 0) + SEVERITIES.indexOf(alarm.severity);
}

function makeAlarmRow(alarm) {
  const row = make("tr");
  row.dataset.id = alarm.id;
  for (const name of ["severity-cell tight", "state tight", "source", "detail", "place", "raised tight", "age tight", "action"]) row.append(make("td", name));
  row.querySelector(".source").append(make("span"), make("small"));
  const form = make("form", "acknowledge");
  const comment = make("input");
  comment.maxLength = 300;
  const button = make("button");
  button.type = "submit";
  const refused = make("span", "refused");
  refused.setAttribute("role", "alert");
  form.append(comment, button);
  form.addEventListener("submit", (event) => { event.preventDefault(); acknowledge(row, comment, button, refused); });
  row.querySelector(".action").append(form, refused);
  return row;
}

async function acknowledge(row, comment, button, refused) {
  button.disabled = true;
  set(refused, "");
  const id = row.dataset.id;
  const answer = await call("POST", "/alarms/" + id + "/acknowledge", {occurrence: id, comment: comment.value}).catch(() => ({ok: false, data: {}}));
  button.disabled = false;
  if (answer.ok && state.alarms.has(id)) takeAlarm(answer.data.alarm); // the stream may have closed it meanwhile
  else if (!answer.ok) set(refused, text("page.acknowledge_failed") + (answer.data.detail ? ": " + answer.data.detail : ""));
}

function fillAlarmRow(row, alarm) {
  const unacked = UNACKNOWLEDGED.has(alarm.state);
  row.className = unacked ? "unacked" : "";
  const cell = row.querySelector(".severity-cell");
  const chip = make("span", "severity severity-" + alarm.severity);
  chip.append(make("span", "", SHAPES[alarm.severity] ?? "?"), make("span", "", word("severity", alarm.severity)));
  cell.replaceChildren(chip);
  const stateCell = row.querySelector(".state");
  stateCell.replaceChildren(word("alarm_state", alarm.state));
  if (alarm.stale) stateCell.append(make("span", "mark", text("label.stale")));
  const name = nameOf(alarm.source);
  const source = row.querySelector(".source");
  set(source.firstChild, name.title);
  set(source.lastChild, [name.part, alarm.source].filter(Boolean).join(" · "));
  const detail = row.querySelector(".detail");
  detail.replaceChildren(detailOf(alarm));
  if (alarm.simulated) detail.append(make("span", "mark", text("label.simulated")));
  set(row.querySelector(".place"), alarm.place || "-");
  set(row.querySelector(".raised"), formatTime(alarm.raised, true));
  row.querySelector(".age").dataset.since = alarm.raised;
  set(row.querySelector(".age"), formatAge(alarm.raised));
  const form = row.querySelector("form");
  const may = state.session?.roles.some((role) => role === "operator" || role === "administrator");
  form.hidden = !unacked || !may;
  form.querySelector("input").placeholder = text("page.comment");
  form.querySelector("input").setAttribute("aria-label", text("page.comment") + " " + alarm.source);
  set(form.querySelector("button"), text("page.acknowledge"));
  form.querySelector("button").setAttribute("aria-label", text("page.acknowledge") + " " + alarm.source);
}

function showAlarms() {
  const list = [...state.alarms.values()].sort((a, b) => rank(b) - rank(a) || b.raised.localeCompare(a.raised));
  const body = byId("alarm-table").tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  for (const [id, row] of rows) if (!state.alarms.has(id)) row.remove();
  list.forEach((alarm, index) => {
    const row = rows.get(alarm.id) ?? makeAlarmRow(alarm);
    fillAlarmRow(row, alarm);
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  byId("alarm-table").hidden = list.length === 0;
  byId("alarms-none").hidden = list.length > 0;
  set(byId("alarms-none"), text(state.may.alarms === false ? "page.not_permitted" : "page.alarms_none"));
  const unacked = list.filter((alarm) => UNACKNOWLEDGED.has(alarm.state)).length;
  set(byId("alarm-count"), list.length ? list.length + (unacked ? " · " + text("page.alarms_unacked") + " " + unacked : "") : "");
  showTitle();
}

// --- the muster: who is inside is asked for, not streamed; while a roll is called every few seconds ---

const MUSTER_MS = 5000, QUIET_MS = 60000;

async function loadMuster() {
  const first = await call("GET", "/muster?limit=1000").catch(() => ({ok: false}));
  byId("muster").hidden = !first.ok;
  if (!first.ok) return;
  const rows = first.data.items, guests = first.data.guests ?? [];
  for (let next = first.data.next; next;) {
    const page = await call("GET", "/muster?limit=1000&cursor=" + next);
    if (!page.ok) return;
    rows.push(...page.data.items);
    guests.push(...(page.data.guests ?? []));
    next = page.data.next;
  }
  const rank = (row) => ["missing", "left", "seen"].indexOf(row.state ?? "missing");
  const all = [...guests, ...rows].sort((a, b) => rank(a) - rank(b)); // strangers before those who know the way
  state.muster = {head: first.data.muster, rows: all, guests: guests.reduce((sum, row) => sum + row.people, 0), people: rows.length, at: Date.now()};
  showMuster();
}

async function musterAct(path, body) {
  const answer = await call("POST", "/muster" + path, body).catch(() => ({ok: false, data: {}}));
  set(byId("muster-refused"), answer.ok ? "" : text("page.muster_refused") + (answer.data.detail ? ": " + answer.data.detail : ""));
  await loadMuster();
}

// Several guests of one visit are ticked off one by one.
function nextTick(item) {
  const whole = item.visit ? {visit: item.visit} : {person: item.person};
  if (item.state === "seen") return ["/unseen", whole];
  return ["/seen", item.people > 1 && item.missing > 1 ? {...whole, people: (item.seen_people ?? 0) + 1} : whole];
}

function makeMusterRow(id) {
  const row = make("li");
  row.dataset.id = id;
  const button = make("button", "tick");
  button.type = "button";
  button.addEventListener("click", async () => {
    button.disabled = true;
    await musterAct(...nextTick(row.item));
    button.disabled = false;
  });
  row.append(make("strong"), make("span", "detail"), button);
  return row;
}

function fillMusterRow(row, item, running) {
  row.dataset.state = item.state ?? "";
  row.item = item;
  set(row.querySelector("strong"), [item.name ?? item.worker_names?.join(text("label.comma")) ?? item.visit ?? item.person, item.company].filter(Boolean).join(" / "));
  const guest = item.visit ? [text("label.guest") + " " + (item.state ? (item.people - item.missing) + "/" : "") + item.people,
    item.badge ? text("label.badge") + " " + item.badge : "", item.escort ? text("label.escort") + " " + item.escort : "",
    item.host ? text("label.host") + " " + (item.host_name ?? item.host) : "", item.door ? titleOf(state.names.doors.get(item.door), item.door) : ""] : [];
  set(row.querySelector(".detail"), [...guest, titleOf(state.names.zones.get(item.zone), item.zone ?? ""), item.since ? formatAge(item.since) : "",
    text("label.confidence_" + item.confidence), ...(item.doubts ?? []).map((doubt) => word("occupancy_doubt", doubt)),
    item.recorded === false ? text("label.unrecorded") : ""].filter(Boolean).join(text("label.comma")));
  const button = row.querySelector("button");
  button.hidden = !running;
  button.setAttribute("aria-pressed", String(item.state === "seen"));
  set(button, text(item.state ? "label.muster_" + item.state : "label.muster_missing"));
}

function showMuster() {
  const {head, rows} = state.muster ?? {rows: []};
  const running = Boolean(head?.running), list = byId("muster-list");
  const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
  list.replaceChildren(...rows.map((item) => {
    const id = item.visit ?? item.person, row = known.get(id) ?? makeMusterRow(id);
    fillMusterRow(row, item, running);
    return row;
  }));
  const led = head?.guests ?? {missing: 0, listed: 0, unrecorded: 0}, guests = text("label.guest") + " ";
  set(byId("muster-count"), running ? head.missing + " / " + head.listed + (led.listed ? " · " + guests + led.missing + " / " + led.listed : "")
    : String(state.muster?.people ?? 0) + (state.muster?.guests ? " · " + guests + state.muster.guests : ""));
  set(byId("muster-state"), running ? text(head.drill ? "label.drill" : "label.running") + " " + formatTime(head.started, true) + (head.unrecorded || led.unrecorded || !head.recorded ? " " + text("label.unrecorded") : "")
    : text("page.muster_none"));
  for (const id of ["muster-start", "muster-drill"]) byId(id).hidden = running;
  for (const id of ["muster-end", "muster-reason"]) byId(id).hidden = !running;
  byId("muster-reason").placeholder = text("page.muster_reason");
}

byId("muster-start").addEventListener("click", () => musterAct("", {}));
byId("muster-drill").addEventListener("click", () => musterAct("", {drill: true}));
byId("muster-end").addEventListener("click", () => musterAct("/end", {reason: byId("muster-reason").value}));
setInterval(() => {
  const wait = state.muster?.head?.running ? MUSTER_MS : QUIET_MS;
  if (state.session && !byId("muster").hidden && Date.now() - (state.muster?.at ?? 0) >= wait) loadMuster();
}, 1000);

// --- entries ---

function takeEntry(entry) {
  if (state.entries.some((known) => known.id === entry.id)) return;
  state.entries.unshift(entry);
  state.entries.length = Math.min(state.entries.length, ENTRIES_KEPT);
  showEntries();
}

function makeEntryRow(entry) {
  const row = make("tr");
  const body = entry.body ?? {};
  const door = state.names.doors.get(entry.door);
  const event = make("td", entry.event === "acc.denied" || (entry.event === "door.alarm" && body.state !== "Normal") ? "denied" : "", word("event", entry.event));
  if (body.state) event.append(" " + word(entry.event, body.state));
  if (entry.simulated) event.append(make("span", "mark", text("label.simulated")));
  const disagree = entry.our_decision && entry.our_decision !== "none" && entry.our_decision !== "unknown" && entry.our_decision !== entry.controller_decision;
  const age = make("td", "age tight", formatAge(entry.time));
  age.dataset.since = entry.time;
  row.append(make("td", "tight", formatTime(entry.time, true)), age, make("td", "", entry.door ? titleOf(door, entry.door) : "-"),
    make("td", "", body.place || door?.place || "-"), event,
    make("td", "", body.controller_reason ? word("deny_reason", body.controller_reason) : ""),
    make("td", "", body.holder || body.credential || "-"), make("td", "", word("decision", entry.controller_decision || "none")),
    make("td", disagree ? "disagree" : "", word("decision", entry.our_decision || "none")));
  return row;
}

function showEntries() {
  const all = byId("entries-all").checked;
  const list = state.entries.filter((entry) => all || !DOOR_ROUTINE.has(entry.event)).slice(0, ENTRIES_SHOWN);
  byId("entry-table").tBodies[0].replaceChildren(...list.map(makeEntryRow));
  byId("entry-table").hidden = list.length === 0;
  byId("entries-none").hidden = list.length > 0;
  set(byId("entries-none"), text(state.may.entries === false ? "page.not_permitted" : "page.entries_none"));
}

byId("entries-all").addEventListener("change", showEntries);

// --- points ---

const bandOf = (point) => ((point.opc & 0xC0) === 0xC0 ? "good" : (point.opc & 0xC0) === 0 ? "bad" : "uncertain");

function takePoint(point) {
  const isNew = !state.points.has(point.id);
  state.points.set(point.id, point);
  if (isNew) return showDevices();
  const row = byId("devices").querySelector('tr[data-id="' + CSS.escape(point.id) + '"]');
  if (row) fillPointRow(row, point);
  showSummary(point.device);
}

function fillPointRow(row, point) {
  const band = bandOf(point);
  const quality = word("quality", point.quality) + (point.reason && point.reason !== "none" ? ": " + word("quality_reason", point.reason) : "");
  const name = row.cells[0];
  set(name.firstChild, point.name);
  set(name.lastChild, pointText(point.name));
  set(row.cells[1], formatValue(point));
  row.cells[2].className = band === "good" ? "" : "quality-" + band;
  set(row.cells[2], quality);
  row.cells[3].dataset.since = point.received ?? "";
  set(row.cells[3], formatAge(point.received));
}

function makeDevice(device) {
  const details = make("details");
  details.dataset.device = device;
  details.append(make("summary"));
  details.addEventListener("toggle", () => fillDevice(details));
  return details;
}

function fillDevice(details) {
  for (const part of details.querySelectorAll("table, .card")) part.remove();
  if (!details.open) return;
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const key of ["column.point", "column.value", "column.quality", "column.age"]) {
    const cell = make("th", "", text(key));
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const point of pointsOf(details.dataset.device)) {
    const row = body.insertRow();
    row.dataset.id = point.id;
    for (const name of ["", "tight", "", "age tight"]) row.append(make("td", name));
    row.cells[0].append(make("span"), make("small"));
    fillPointRow(row, point);
  }
  details.append(makeCard(details.dataset.device), table);
}

// Where it is, what it is called on the floor, whom to call.
function makeCard(device) {
  const entry = state.names.devices.get(device);
  const service = [entry?.service?.company, entry?.service?.phone, entry?.service?.contract].filter(Boolean).join(" ");
  const parts = [["column.place", entry?.place], ["label.asset", entry?.asset], ["label.tag", entry?.tag], ["label.service", service]];
  return make("p", "card hint", parts.filter((part) => part[1]).map(([key, value]) => text(key) + ": " + value).join("   "));
}

const pointsOf = (device) => [...state.points.values()].filter((point) => point.device === device);

function showSummary(device) {
  const summary = byId("devices").querySelector('details[data-device="' + CSS.escape(device) + '"] > summary');
  if (!summary) return;
  const points = pointsOf(device);
  const unused = points.filter((point) => point.quality === "not_connected").length;
  const abnormal = points.filter((point) => bandOf(point) !== "good").length - unused;
  set(summary, titleOf(state.names.devices.get(device), device) + " (" + device + ") — " + points.length + " " + text("label.points") +
    (unused ? " · " + text("label.unused") + " " + unused : ""));
  if (abnormal) summary.append(make("span", "abnormal", "▲ " + text("label.abnormal") + " " + abnormal));
}

function showDevices() {
  const names = [...new Set([...state.points.values()].map((point) => point.device))].sort();
  const known = new Map([...byId("devices").children].map((details) => [details.dataset.device, details]));
  byId("devices").replaceChildren(...names.map((name) => known.get(name) ?? makeDevice(name)));
  for (const details of byId("devices").children) fillDevice(details);
  names.forEach(showSummary);
  byId("points-none").hidden = state.may.points !== false;
  set(byId("points-none"), text("page.not_permitted"));
}

// --- site, clock, sound, loss ---

function showSite() {
  const simulated = state.site && state.site.class !== "production";
  byId("site-class").hidden = !simulated;
  if (simulated) set(byId("site-class"), text("page.class_" + state.site.class));
  set(byId("site-title"), state.site?.title?.[state.lang] || text("page.subtitle"));
}

function showTitle() {
  const unacked = [...state.alarms.values()].filter((alarm) => UNACKNOWLEDGED.has(alarm.state)).length;
  const lead = state.lost ? "✖ " + text("page.lost") + " — " : unacked ? "(" + unacked + ") " : "";
  const title = lead + text("page.title");
  if (document.title !== title) document.title = title;
}

// What the browser suspended (a policy, a closed lid) is not on, whatever the button was.
const audible = () => state.audio?.state === "running";

function showSound() {
  set(byId("sound"), text(audible() ? "page.sound_off" : "page.sound_on"));
  byId("sound").setAttribute("aria-pressed", String(audible()));
  byId("sound-hint").hidden = audible();
}

byId("sound").addEventListener("click", () => {
  const wasAudible = audible();
  state.audio?.close();
  state.audio = wasAudible ? null : new AudioContext();
  if (state.audio) {
    state.audio.addEventListener("statechange", showSound);
    beep(660, 0.1);
  }
  showSound();
});

function beep(frequency, seconds) {
  const tone = state.audio.createOscillator();
  const volume = state.audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.25, state.audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, state.audio.currentTime + seconds);
  tone.connect(volume).connect(state.audio.destination);
  tone.start();
  tone.stop(state.audio.currentTime + seconds);
}

function sound() {
  const now = performance.now();
  if (!audible() || !state.session || now - state.beepedAt < BEEP_MS) return;
  const worst = Math.max(-1, ...[...state.alarms.values()].filter((alarm) => UNACKNOWLEDGED.has(alarm.state)).map((alarm) => SEVERITIES.indexOf(alarm.severity)));
  if (!state.lost && worst < 0) return;
  state.beepedAt = now;
  beep(state.lost ? 330 : 550 + 110 * worst, state.lost ? 0.8 : 0.35);
}

// What cannot be true any more must not be acted on.
function freeze(lost) {
  for (const element of document.querySelectorAll("#alarm-table button, #alarm-table input")) element.disabled = lost;
}

function showLoss() {
  const silent = performance.now() - state.heardAt > SILENT_MS;
  const lost = state.session !== null && (silent || state.connected === false);
  if (lost && !state.lost) set(byId("lost-since"), formatTime(new Date(Date.now() - (performance.now() - state.heardAt)), true));
  if (state.lost !== lost) freeze(lost);
  state.lost = lost;
  byId("lost").hidden = !lost;
  document.body.classList.toggle("lost", lost);
  byId("live").hidden = lost || state.session === null;
  if (lost) set(byId("lost-why"), text(silent ? "page.lost_stream" : "page.lost_collector"));
  showTitle();
}

function tick() {
  set(byId("clock"), state.site ? text("page.now") + " " + formatTime(new Date(), true) + " " + state.site.zone : "");
  for (const cell of document.querySelectorAll(".age[data-since]")) set(cell, formatAge(cell.dataset.since));
  showLoss();
  sound();
}

loadTexts().then(enter).catch(() => leave(""));
setInterval(tick, 500);
