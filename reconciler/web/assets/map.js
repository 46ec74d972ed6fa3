// The map: one sign a slot, drawn only where it is in sight. Each fleet has a row of signs a workload; the same place in each
// is the same unit. Shape says what changes, and filled or hollow whether it is sent: colour only repeats that.
"use strict";
const slotMap = (() => {
  const VERBS = 4; // release, replace, remove, unknown: views/slot_list.py
  const TONES = ["--good", "--info", "--bad", "--idle"];

  function sign(context, code, x, y, size, tones) {
    const verb = code % VERBS, status = Math.floor(code / VERBS);
    const tone = tones[verb], inner = status === 0 ? tones.surface : tone;
    context.fillStyle = context.strokeStyle = tone;
    context.lineWidth = 1.25;
    if (status === 0) context.fillRect(x, y, size, size);
    else {
      context.setLineDash(status === 1 ? [2, 1.5] : []);
      context.strokeRect(x + 0.75, y + 0.75, size - 1.5, size - 1.5);
      context.setLineDash([]);
      if (status === 3) { context.beginPath(); context.moveTo(x, y + size); context.lineTo(x + size, y); context.stroke(); }
    }
    context.strokeStyle = context.fillStyle = inner;
    const middle = size / 2, reach = size * 0.24;
    context.beginPath();
    if (verb === 3) { context.arc(x + middle, y + middle, 1.2, 0, 7); context.fill(); return; }
    context.moveTo(x + middle - reach, y + middle); context.lineTo(x + middle + reach, y + middle);
    if (verb === 0) { context.moveTo(x + middle, y + middle - reach); context.lineTo(x + middle, y + middle + reach); }
    if (verb === 1) { context.moveTo(x + middle - reach, y + middle + reach * 0.9); context.lineTo(x + middle + reach, y + middle - reach * 0.9); context.moveTo(x + middle - reach, y + middle); }
    context.stroke();
  }

  function colours() {
    // light-dark() is resolved where a property uses it, so an element is asked
    const probe = document.createElement("span");
    document.body.append(probe);
    const read = (name) => { probe.style.color = "var(" + name + ")"; return getComputedStyle(probe).color; };
    const found = TONES.map(read);
    Object.assign(found, { surface: read("--surface"), text: read("--text"), muted: read("--muted"), line: read("--line"), focus: read("--focus") });
    probe.remove();
    return found;
  }

  // Lines of the map: a title a fleet, a name a workload, then its signs
  function layout(list) {
    const values = (key) => list.by.get(key).values;
    const unit = values("id"), name = values("unit"), workload = values("workload"), fleet = values("fleet"), code = values("code");
    const fleets = new Map();
    for (let row = 0; row < unit.length; row++) {
      let one = fleets.get(fleet[row]);
      if (!one) fleets.set(fleet[row], one = { units: new Map(), bands: new Map() });
      one.units.set(unit[row], name[row]);
      let band = one.bands.get(workload[row]);
      if (!band) one.bands.set(workload[row], band = new Map());
      band.set(unit[row], row);
    }
    const found = [];
    for (const [key, one] of [...fleets].sort((a, b) => a[0] - b[0])) {
      const order = [...one.units.keys()].sort((a, b) => one.units.get(a) - one.units.get(b) || a - b);
      const bands = [...one.bands].sort((a, b) => a[0] - b[0]).map(([text, rows]) => ({
        name: list.data.texts[text],
        cells: Int32Array.from(order, (id) => rows.has(id) ? rows.get(id) : -1),
      }));
      found.push({ name: list.data.texts[key], units: order, bands, code });
    }
    return found;
  }

  function build(list) {
    const view = document.getElementById("map-view");
    if (!view || !list) return;
    const canvas = view.querySelector("canvas"), context = canvas.getContext("2d");
    const said = document.getElementById("map-said"), legend = document.getElementById("legend");
    for (const one of [view, said, legend]) one.hidden = false;
    const fleets = layout(list);
    const slots = list.by.get("code").values.length;
    const step = slots > 5000 ? 11 : 15, size = step - 2, PAD = 10, HEAD = 22;
    const total = document.createElement("div");
    view.append(total);
    let tones = colours(), lines = [], across = 1, at = null;
    const stamps = new Map(); // signs are drawn once, and then only copied
    function stamp(code) {
      let one = stamps.get(code);
      if (!one) {
        const ratio = Math.min(devicePixelRatio || 1, 2);
        one = document.createElement("canvas");
        one.width = one.height = size * ratio;
        const pen = one.getContext("2d");
        pen.scale(ratio, ratio);
        sign(pen, code, 0, 0, size, tones);
        stamps.set(code, one);
      }
      return one;
    }

    function measure() {
      across = Math.max(1, Math.floor((view.clientWidth - 2 * PAD) / step));
      lines = [];
      let y = PAD;
      for (const fleet of fleets) {
        for (const band of fleet.bands) {
          lines.push({ y, height: HEAD, text: fleets.length > 1 ? fleet.name + " \u00b7 " + band.name : band.name });
          y += HEAD;
          for (let from = 0; from < band.cells.length; from += across) {
            lines.push({ y, height: step, fleet, band, from, to: Math.min(band.cells.length, from + across) });
            y += step;
          }
          y += 8;
        }
      }
      const ratio = Math.min(devicePixelRatio || 1, 2);
      canvas.width = view.clientWidth * ratio;
      canvas.height = view.clientHeight * ratio;
      canvas.style.width = view.clientWidth + "px";
      canvas.style.height = view.clientHeight + "px";
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      total.style.height = Math.max(0, y + PAD - view.clientHeight) + "px";
    }

    function first(y) {
      let low = 0, high = lines.length;
      while (low < high) { const middle = (low + high) >> 1; if (lines[middle].y + lines[middle].height < y) low = middle + 1; else high = middle; }
      return low;
    }

    function draw() {
      const top = view.scrollTop;
      context.clearRect(0, 0, view.clientWidth, view.clientHeight);
      context.font = "600 12px system-ui, sans-serif";
      context.textBaseline = "middle";
      for (let index = first(top); index < lines.length && lines[index].y < top + view.clientHeight; index++) {
        const line = lines[index], y = line.y - top;
        if (line.text !== undefined) { context.fillStyle = tones.text; context.fillText(line.text, PAD, y + HEAD / 2, view.clientWidth - 2 * PAD); continue; }
        for (let place = line.from; place < line.to; place++) {
          const row = line.band.cells[place], x = PAD + (place - line.from) * step;
          if (row < 0) { context.fillStyle = tones.line; context.fillRect(x + size / 2 - 1, y + size / 2 - 1, 2, 2); }
          else context.drawImage(stamp(line.fleet.code[row]), x, y, size, size);
          if (at && at.line === index && at.place === place) {
            context.strokeStyle = tones.focus; context.lineWidth = 2; context.strokeRect(x - 1.5, y - 1.5, size + 3, size + 3);
          }
        }
      }
    }

    function tell() {
      const line = lines[at.line], row = line.band.cells[at.place];
      const text = (key) => list.cell(list.by.get(key), row);
      if (row < 0) { said.textContent = line.band.name + ": neither changed nor held on this unit"; return; }
      const blocked = text("blocked_by");
      said.textContent = text("unit") + " \u00b7 " + text("workload") + ": " + text("change") + (text("course") ? ", " + text("course") : "") + " \u2014 " + text("status") + (blocked ? ": " + blocked : ", " + text("why"));
    }

    function point(index, place, follows) {
      if (index < 0 || index >= lines.length || lines[index].text !== undefined) return;
      const line = lines[index];
      at = { line: index, place: Math.min(line.to - 1, Math.max(line.from, place)) };
      if (follows) {
        if (line.y - 30 < view.scrollTop) view.scrollTop = line.y - 30;
        else if (line.y + step > view.scrollTop + view.clientHeight) view.scrollTop = line.y + step + 6 - view.clientHeight;
      }
      tell();
      draw();
    }

    const cells = (from, by) => { let index = from + by; while (index >= 0 && index < lines.length && lines[index].text !== undefined) index += by; return index; };
    function lookUp() {
      if (!at) return;
      const row = lines[at.line].band.cells[at.place];
      if (row < 0) return;
      list.lookFor(list.cell(list.by.get("id"), row) || list.cell(list.by.get("unit"), row));
      document.getElementById("slots").scrollIntoView();
      list.view.focus({ preventScroll: true });
    }
    view.addEventListener("keydown", (event) => {
      const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "Enter"];
      if (!keys.includes(event.key)) return;
      event.preventDefault();
      if (event.key === "Enter") { lookUp(); return; }
      if (event.key === "Home" || !at) { point(cells(-1, 1), 0, true); return; }
      if (event.key === "End") { const last = lines.length - 1; point(last, lines[last].to - 1, true); return; }
      const line = lines[at.line];
      if (event.key === "ArrowLeft") { if (at.place > line.from) point(at.line, at.place - 1, true); else { const index = cells(at.line, -1); if (index >= 0) point(index, lines[index].to - 1, true); } }
      if (event.key === "ArrowRight") { if (at.place < line.to - 1) point(at.line, at.place + 1, true); else { const index = cells(at.line, 1); if (index < lines.length) point(index, lines[index].from, true); } }
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) { const index = cells(at.line, by); if (index >= 0 && index < lines.length) point(index, lines[index].from + at.place - line.from, true); }
    });
    function under(event) {
      const box = view.getBoundingClientRect();
      const y = event.clientY - box.top - view.clientTop + view.scrollTop, x = event.clientX - box.left - view.clientLeft - PAD;
      const index = first(y - 1), line = lines[index], column = Math.floor(x / step);
      if (!line || line.text !== undefined || y < line.y || column < 0 || line.from + column >= line.to) return;
      point(index, line.from + column, false);
      return true;
    }
    view.addEventListener("pointermove", under);
    view.addEventListener("click", (event) => { if (under(event)) lookUp(); });
    let waiting = false;
    const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
    view.addEventListener("scroll", later, { passive: true });
    function fresh() {
      tones = colours();
      stamps.clear();
      for (const one of legend.querySelectorAll("canvas")) {
        const ratio = Math.min(devicePixelRatio || 1, 2), pen = one.getContext("2d");
        one.width = one.height = 14 * ratio;
        one.style.width = one.style.height = "14px";
        pen.setTransform(ratio, 0, 0, ratio, 0, 0);
        sign(pen, Number(one.dataset.code), 0.5, 0.5, 13, tones);
      }
      draw();
    }
    document.documentElement.addEventListener("themechange", fresh);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fresh);
    new ResizeObserver(() => { at = null; measure(); draw(); }).observe(view);
    measure();
    fresh();
    const few = lines.length ? lines[lines.length - 1].y + step + 2 * PAD : 0;
    if (few < view.clientHeight) view.style.height = few + 2 + "px";
  }
  return { build };
})();
