// A list of many rows: filters, sorts, and keeps only the rows in sight in the page, so that a hundred thousand stay quick.
// Texts come sorted (see views/long_list.py): rows are sorted by comparing numbers, and a word is looked for once a text.
"use strict";
const longList = (() => {
  const make = (tag, attributes = {}, ...children) => {
    const one = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "text") one.textContent = value; else one.setAttribute(name, value);
    }
    one.append(...children);
    return one;
  };
  const number = new Intl.NumberFormat("en");
  const SIGN = { ascending: " \u25b2", descending: " \u25bc", none: "" };

  function build(id, onShown) {
    const source = document.getElementById(id + "-data");
    const host = document.getElementById(id + "-list");
    if (!source || !host) return null;
    const data = JSON.parse(source.textContent);
    const { texts, columns, count, noun } = data;
    for (const column of columns) if (typeof column.values === "number") column.values = new Array(count).fill(column.values);
    const by = new Map(columns.map((column) => [column.key, column]));
    const isText = (column) => column.kind === "text";
    const cell = (column, row, whole) => {
      const value = column.values[row];
      if (isText(column)) return texts[value];
      if (column.kind === "time") return whole ? new Date(value).toISOString() : new Date(value).toISOString().slice(0, 19) + "Z";
      return column.kind === "number" ? number.format(value) : value;
    };
    const searched = columns.filter(isText);
    const shown = columns.filter((column) => column.width > 0 && (!isText(column) || new Set(column.values).size > 1 || texts[column.values[0]] !== "") && !(column.key === "fleet" && new Set(column.values).size < 2));
    const lower = texts.map((text) => text.toLowerCase());
    let rows = Uint32Array.from({ length: count }, (_, row) => row);
    let active = -1, sortedBy = null, direction = 1, words = "";
    const chosen = new Map();

    // What a person chooses by
    const search = make("input", { type: "search", placeholder: host.dataset.looksFor, autocomplete: "off", spellcheck: "false" });
    const tools = make("div", { class: "tools", role: "search", "aria-label": "Filter " + noun }, make("label", { class: "grow" }, "Search", search));
    for (const column of columns.filter((one) => one.filter)) {
      const tally = new Map();
      for (const value of column.values) tally.set(value, (tally.get(value) || 0) + 1);
      if (tally.size < 2) continue;
      const select = make("select", {}, make("option", { value: "", text: "all" }));
      for (const value of [...tally.keys()].sort((one, other) => one - other).slice(0, 1000)) {
        select.append(make("option", { value, text: (texts[value] || "none") + " (" + number.format(tally.get(value)) + ")" }));
      }
      select.addEventListener("change", () => {
        if (select.value === "") chosen.delete(column); else chosen.set(column, Number(select.value));
        filter();
      });
      column.select = select;
      tools.append(make("label", {}, column.name, select));
    }
    const clear = make("button", { type: "button", text: "Clear" });
    tools.append(clear);
    const status = make("p", { class: "muted", role: "status" });

    // The rows
    const template = shown.map((column) => "minmax(0, " + column.width + "fr)").join(" ");
    const names = make("div", { class: "row names", role: "row", "aria-rowindex": "1" });
    const body = make("div", { class: "rows", role: "rowgroup" });
    const view = make("div", { class: "list", role: "grid", tabindex: "0", "aria-label": noun, "aria-colcount": shown.length }, make("div", { role: "rowgroup" }, names), body);
    view.style.setProperty("--columns", template);
    view.style.setProperty("--few", shown.slice(0, 3).map((column) => "minmax(0, " + column.width + "fr)").join(" "));
    view.style.setProperty("--wide", Math.round(shown.reduce((sum, column) => sum + column.width, 0) * 95) + "px");
    for (const column of shown) {
      const button = make("button", { type: "button", tabindex: "-1", text: column.name });
      const head = make("div", { class: "cell" + (column.kind === "number" ? " number" : ""), role: "columnheader", "aria-sort": "none" }, button);
      button.tabIndex = 0;
      button.addEventListener("click", () => {
        direction = sortedBy === column ? -direction : 1;
        sortedBy = column;
        order();
      });
      column.head = head;
      names.append(head);
    }
    const detail = make("section", { class: "detail", "aria-live": "polite", "aria-label": "Details", hidden: "" });
    host.append(tools, status, view, detail);
    host.hidden = false;
    const height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 34;
    const pool = [];

    function draw() {
      const top = Math.max(0, Math.floor(view.scrollTop / height) - 4);
      const bottom = Math.min(rows.length, Math.ceil((view.scrollTop + view.clientHeight) / height) + 4);
      const needed = bottom - top;
      while (pool.length < needed) {
        const line = make("div", { class: "row", role: "row" }, ...shown.map((column) => make("div", { class: "cell" + (column.kind === "number" ? " number" : ""), role: "gridcell" })));
        line.addEventListener("click", () => choose(Number(line.dataset.at), true));
        pool.push(line);
        body.append(line);
      }
      pool.forEach((line, place) => {
        const at = top + place;
        line.hidden = place >= needed;
        if (line.hidden) return;
        line.style.transform = "translateY(" + at * height + "px)";
        line.dataset.at = at;
        line.id = id + "-row-" + at;
        line.setAttribute("aria-rowindex", at + 2);
        line.setAttribute("aria-selected", at === active);
        shown.forEach((column, position) => {
          const text = cell(column, rows[at]);
          const box = line.children[position];
          if (box.textContent !== text) { box.textContent = text; box.title = text; }
        });
      });
      if (active >= top && active < bottom) view.setAttribute("aria-activedescendant", id + "-row-" + active);
      else view.removeAttribute("aria-activedescendant");
    }

    function order() {
      const column = sortedBy;
      const keyed = column && column.kind !== "whole" ? column.values : null;
      rows.sort(keyed ? (one, other) => direction * (keyed[one] - keyed[other]) || one - other : (one, other) => one - other);
      for (const each of shown) {
        const how = each === column ? (direction > 0 ? "ascending" : "descending") : "none";
        each.head.setAttribute("aria-sort", how);
        each.head.firstChild.textContent = each.name + SIGN[how];
      }
      settle();
    }

    function filter() {
      const hits = words.split(/\s+/).filter(Boolean).map((word) => Uint8Array.from(lower, (text) => text.includes(word)));
      const kept = new Uint32Array(count);
      let length = 0;
      next: for (let row = 0; row < count; row++) {
        for (const [column, value] of chosen) if (column.values[row] !== value) continue next;
        for (const hit of hits) if (!searched.some((column) => hit[column.values[row]])) continue next;
        kept[length++] = row;
      }
      rows = kept.subarray(0, length);
      order();
    }

    function settle() {
      active = -1;
      detail.hidden = true;
      view.scrollTop = 0;
      body.style.height = rows.length * height + "px";
      view.setAttribute("aria-rowcount", rows.length + 1);
      status.textContent = rows.length === count ? number.format(count) + " " + (count === 1 ? data.one : noun) : number.format(rows.length) + " of " + number.format(count) + " " + noun;
      draw();
    }

    function choose(at, opens) {
      if (!rows.length) return;
      active = Math.min(rows.length - 1, Math.max(0, at));
      const inner = view.clientHeight - names.offsetHeight;
      if (active * height < view.scrollTop) view.scrollTop = active * height;
      else if ((active + 1) * height > view.scrollTop + inner) view.scrollTop = (active + 1) * height - inner;
      draw();
      if (opens) open(rows[active]);
    }

    function open(row) {
      const list = make("dl");
      const blocks = [];
      for (const column of columns) {
        const text = cell(column, row, true);
        if (column.kind === "code" || text === "" || text === null) continue;
        if (column.kind === "whole") blocks.push(make("h3", { text: column.name }), make("pre", { tabindex: "0", text }));
        else list.append(make("dt", { text: column.name }), make("dd", { text }));
      }
      detail.replaceChildren(list, ...blocks);
      detail.hidden = false;
      detail.scrollIntoView({ block: "nearest" });
    }

    const moves = { ArrowDown: 1, ArrowUp: -1 };
    view.addEventListener("keydown", (event) => {
      if (event.target !== view) return;
      const page = Math.max(1, Math.floor(view.clientHeight / height) - 2);
      const to = { ...{ PageDown: active + page, PageUp: active - page, Home: 0, End: rows.length - 1 } }[event.key];
      if (event.key in moves) choose(active + moves[event.key], false);
      else if (to !== undefined) choose(to, false);
      else if (event.key === "Enter" && active >= 0) open(rows[active]);
      else if (event.key === "Escape") detail.hidden = true;
      else return;
      event.preventDefault();
    });
    let waiting = false;
    const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
    view.addEventListener("scroll", later, { passive: true });
    new ResizeObserver(later).observe(view);
    search.addEventListener("input", () => { words = search.value.trim().toLowerCase(); filter(); });
    const reset = () => {
      search.value = words = "";
      chosen.clear();
      for (const column of columns) if (column.select) column.select.value = "";
    };
    clear.addEventListener("click", () => { reset(); filter(); });

    // Paper shows what is chosen, as a plain table
    const paper = document.getElementById(id + "-paper");
    addEventListener("beforeprint", () => {
      const most = Math.min(rows.length, 1000);
      paper.querySelector("p").textContent = most < rows.length ? "The first " + number.format(most) + " of " + number.format(rows.length) + " " + noun + "; the saved plan has all of them." : status.textContent + ".";
      const printed = columns.filter((column) => column.width > 0);
      const lines = Array.from({ length: most }, (_, at) => make("tr", {}, ...printed.map((column) => make("td", { text: cell(column, rows[at]), class: column.kind === "number" ? "number" : "" }))));
      paper.querySelector("tbody").replaceChildren(...lines);
    });
    settle();
    view.style.height = view.offsetHeight + "px"; // so that fewer rows move nothing on the page
    return {
      data, by, cell,
      lookFor(text) { reset(); search.value = text; words = text.toLowerCase(); filter(); },
      view,
    };
  }
  return { build, number };
})();
