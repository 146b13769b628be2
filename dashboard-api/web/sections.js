// SPDX-License-Identifier: Apache-2.0
// Lists that are read only: doors, who is inside by zone, open permits and visits, goods, keys and other open matters of the desk, lost
// cards, reviews. Each is asked for when the page opens, again
// soon after an entry that may have changed it, and every minute; what the account's roles may not read is not shown and not asked for
// again. A list that cannot be had stays as it was, marked old by its age: the page's loss banner tells of greater trouble.
"use strict";

const SECTION_MS = 60000, TOUCHED_MS = 1500;

async function pagesOf(path) {
  const items = [];
  let first = null, cursor = null;
  do {
    const answer = await call("GET", path + (cursor ? (path.includes("?") ? "&" : "?") + "cursor=" + encodeURIComponent(cursor) : ""));
    if (answer.status === 403) return null;
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    first = first ?? answer.data;
    items.push(...answer.data.items);
    cursor = answer.data.next;
  } while (cursor);
  return {items, first};
}

const zoneTitle = (id) => titleOf(state.names.zones.get(id), id);

function mark(content) {
  return make("span", "attention", "▲ " + content);
}

function rowOf(id, urgent, cells) {
  const row = make("tr", urgent ? "urgent" : "");
  row.dataset.id = id;
  for (const cell of cells) {
    const made = make("td");
    made.append(...[cell].flat().filter((part) => part !== "" && part !== null && part !== undefined));
    row.append(made);
  }
  return row;
}

// --- doors: the contact and the lock as known, the alarm by our own model; Unknown is said, never guessed ---

const DOUBTS = new Set(["never", "missing", "contact"]);

function doorRank(door) {
  if (door.model.state !== "Unknown" && door.model.state !== "Normal") return 3;
  if (door.model.differs || door.surplus?.count > 0) return 2;
  return door.physical.state === "Unknown" || door.model.state === "Unknown" ? 1 : 0;
}

function doorState(family, item) {
  const name = word("door." + family, item.state);
  return item.state === "Fault" || (item.state === "Unknown" && family === "phys") ? mark(name) : name; // many locks tell nothing
}

function doorRow(door) {
  const model = word("door.model", door.model.state);
  const doubt = DOUBTS.has(door.doubt) ? make("small", "", text("label.doubt_" + door.doubt)) : "";
  return rowOf(door.door, doorRank(door) > 1, [
    [titleOf(door, door.door), make("small", "", zoneTitle(door.zone_from) + " → " + zoneTitle(door.zone_to))],
    door.place || "", [doorState("phys", door.physical), doubt], doorState("lock", door.lock),
    [door.model.state === "Normal" ? model : mark(model), door.model.differs ? make("small", "", text("label.differs")) : "",
      door.surplus?.count > 0 ? make("small", "", text("label.surplus") + " " + door.surplus.count) : ""],
    formatTime(door.physical.since, true)]);
}

// --- zones: how many by the last event, how many perhaps, and whether the count can be believed ---

function zoneRow(zone) {
  const known = zone.certainty === "complete";
  const strangers = [zone.strangers_entered ?? "0", zone.strangers_left ?? "0"];
  const guests = zone.guests ? make("small", "", text("label.guest") + " " + zone.guests) : "";
  return rowOf(zone.zone, !known, [zoneTitle(zone.zone), [make("strong", "", String(zone.count)), guests], zone.perhaps ? "+" + zone.perhaps : "-",
    known ? text("label.certainty_complete") : mark(text("label.certainty_unknown")),
    strangers.some((count) => count !== "0") ? strangers.join(" / ") : "-"]);
}

// --- permits and visits that are open; what is past its end comes first ---

const endOf = (entry) => entry.fields?.until ?? null;
const isOverdue = (entry) => endOf(entry) !== null && new Date(endOf(entry)) < Date.now() + state.clockAhead;
const isUrgent = (entry) => isOverdue(entry) || entry.state === "not_observed" || entry.register === "emergency";

const join = (parts) => parts.filter(Boolean).join(text("label.comma"));

// What an entry is about, in a line and a smaller one. Names come only to roles that may read them.
function permitSubject(entry) {
  const fields = entry.fields ?? {}, names = entry.personal ?? {};
  const badge = fields.badge && !fields.badge_lost ? text("label.badge") + " " + fields.badge : "";
  return [join([names.name ?? names.worker_names?.join(text("label.comma")), fields.company]),
    join([fields.purpose, names.host_name ? text("label.host") + " " + names.host_name : "", badge])];
}

function goodsSubject(entry) {
  const fields = entry.fields ?? {};
  return [join([fields.items?.join(text("label.comma")), fields.serials?.join(" ")]), join([fields.company, fields.purpose, fields.locker])];
}

function deskSubject(entry) {
  const fields = entry.fields ?? {};
  const lists = [fields.watchers, fields.racks, fields.zones, fields.doors].filter(Array.isArray).map((list) => list.join(" "));
  return [join([fields.key, fields.title ?? fields.subject ?? fields.kind ?? fields.plan, fields.holder ?? fields.person]), join([fields.purpose ?? fields.cause ?? fields.note, ...lists])];
}

function registerRow(entry, subject = permitSubject) {
  const until = endOf(entry) ? formatTime(endOf(entry), true) : "-";
  const stands = word("register_state", entry.state);
  const [what, more] = subject(entry);
  return rowOf(entry.id, isUrgent(entry), [word("register", entry.register), entry.id, [what || "-", make("small", "", more)],
    [until + " ", isOverdue(entry) ? mark(text("label.overdue")) : ""], entry.state === "not_observed" ? mark(stands) : stands]);
}

async function loadEntries(...paths) {
  const lists = await Promise.all(paths.map((path) => pagesOf(path + "?open=true")));
  return lists.includes(null) ? null : {items: lists.flatMap((list) => list.items)};
}

// --- lost cards: how far the run from the loss to its end has come ---

function lostRow(card) {
  const run = card.run ?? {}, used = Number(run.used_after ?? 0);
  const left = (run.controllers ?? []).filter((list) => list.state !== "gone"), listed = left.filter((list) => list.state === "listed");
  const where = listed.length ? mark(text("label.still_listed") + ": " + listed.map((list) => titleOf(state.names.devices.get(list.controller), list.controller)).join(" "))
    : left.length || !run.controllers?.length ? text("label.lists_unknown") : text("label.gone");
  return rowOf(card.credential, used > 0 || listed.length > 0, [card.printed ?? card.credential, card.person, run.told ? formatTime(run.told, true) : "-", where,
    [used ? mark(text("label.used_after") + " " + used) : "", run.replaced_by ? text("label.replaced") : run.suspended ? text("label.suspended") : "-"]]);
}

// --- reviews of door rights ---

function reviewRow(review) {
  return rowOf(review.review, review.overdue, [review.review, review.zone ? zoneTitle(review.zone) : "-", review.open + " / " + review.rows,
    [formatTime(new Date(new Date(review.due) - 1000).toISOString(), true) + " ", review.overdue ? mark(text("label.overdue")) : ""], review.opener]);
}

const byEnd = (a, b) => isUrgent(b) - isUrgent(a) || (endOf(a) ?? "9").localeCompare(endOf(b) ?? "9");

const countOverdue = (list) => [[list.filter(isOverdue).length, "label.overdue"]];

const sections = [
  {id: "doors", touched: /^(door|acc|ctrl)\./, load: () => pagesOf("/doors"), items: (got) => got.items, row: doorRow,
    order: (a, b) => doorRank(b) - doorRank(a) || a.door.localeCompare(b.door),
    count: (list) => [[list.filter((door) => doorRank(door) > 1).length, "label.attention"], [list.filter((door) => doorRank(door) === 1).length, "label.unknown"]]},
  {id: "zones", touched: /^(acc|occ|muster)\./, load: async () => {
    const answer = await call("GET", "/occupancy?limit=1");
    if (answer.status === 403) return null;
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    return {items: answer.data.zones ?? []};
  }, items: (got) => got.items, row: zoneRow, order: () => 0, total: (list) => list.reduce((sum, zone) => sum + zone.count, 0),
    count: (list) => [[list.filter((zone) => zone.certainty !== "complete").length, "label.unknown"]]},
  {id: "registers", touched: /^(permit|visit|emergency|joint|manual)\./, load: () => loadEntries("/permits", "/visits"), items: (got) => got.items,
    row: (entry) => registerRow(entry), order: byEnd, count: countOverdue},
  {id: "goods", touched: /^(goods|declaration|stocktake)\./, load: () => loadEntries("/goods"), items: (got) => got.items,
    row: (entry) => registerRow(entry, goodsSubject), order: byEnd, count: countOverdue},
  {id: "desk", touched: /^(key|watch|handover|mode|patrol|rack_request|list_request|personnel|planned_load)\./, items: (got) => got.items,
    load: () => loadEntries("/keys", "/watch", "/patrols", "/requests"), row: (entry) => registerRow(entry, deskSubject), order: byEnd, count: countOverdue},
  {id: "lost-cards", touched: /^(credential|card|list)\./, load: () => pagesOf("/credentials?because=pt:CredentialLost"), items: (got) => got.items, row: lostRow,
    order: (a, b) => a.credential.localeCompare(b.credential), count: (list) => [[list.filter((card) => Number(card.run?.used_after ?? 0) > 0).length, "label.used_after"]]},
  {id: "reviews", touched: /^review\./, load: () => pagesOf("/reviews"), items: (got) => got.items.filter((review) => !review.closed), row: reviewRow,
    order: (a, b) => b.overdue - a.overdue || a.due.localeCompare(b.due), count: (list) => [[list.filter((review) => review.overdue).length, "label.overdue"]]},
];

function showSection(section) {
  const box = byId(section.id), got = section.got;
  box.hidden = !got;
  if (!got) return;
  const list = [...section.items(got)].sort(section.order);
  box.querySelector("tbody").replaceChildren(...list.map(section.row));
  box.querySelector("table").hidden = list.length === 0;
  box.querySelector(".empty").hidden = list.length > 0;
  const marks = section.count(list).filter(([count]) => count > 0).map(([count, key]) => text(key) + " " + count);
  set(box.querySelector(".count"), [section.total ? section.total(list) : list.length, ...marks].join(" · "));
}

async function loadSection(section) {
  const session = state.session;
  section.at = Date.now();
  section.due = null;
  section.got = await section.load().catch(() => section.got);
  if (session !== state.session) section.got = undefined; // somebody else signed in meanwhile
  showSection(section);
}

const showSections = () => sections.forEach(showSection);
const loadSections = () => sections.forEach(loadSection);

function clearSections() {
  for (const section of sections) {
    section.got = undefined;
    showSection(section);
    byId(section.id).querySelector("tbody").replaceChildren();
  }
}

function touchSections(entry) {
  for (const section of sections) if (section.touched.test(entry.event)) section.due = section.due ?? Date.now() + TOUCHED_MS;
}

// --- narrow screens: a row becomes a card, and each cell names itself ---

function nameCells(table) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, index) => { cell.dataset.label = names[index]; });
}

const cards = [...document.querySelectorAll("section > table")];
for (const table of cards) new MutationObserver(() => nameCells(table)).observe(table, {childList: true, subtree: true});

// null: the roles do not allow it; that ends with the session.
setInterval(() => {
  const now = Date.now();
  if (!state.session || state.lost) return;
  for (const section of sections)
    if (section.got !== null && (now - (section.at ?? now) >= SECTION_MS || (section.due && now >= section.due))) loadSection(section);
}, 500);
