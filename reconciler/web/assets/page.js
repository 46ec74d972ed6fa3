"use strict";
// Pages of a watch: live updates, and the map of units. Without it every page says the same, once.

(() => {
  const root = document.documentElement;
  root.addEventListener("themechange", () => drawMaps());

  // How long ago times are, beside what the server wrote.
  const ago = (seconds) => {
    const whole = Math.abs(Math.round(seconds));
    const words = whole < 60 ? `${whole} s` : whole < 3600 ? `${Math.floor(whole / 60)} min`
      : whole < 86400 ? `${Math.floor(whole / 3600)} h` : `${Math.floor(whole / 86400)} d`;
    return seconds >= 0 ? `${words} ago` : `in ${words}`;
  };
  const times = () => {
    for (const one of document.querySelectorAll("time[datetime]")) {
      if (!one.title) one.title = one.textContent;
      const seconds = (Date.now() - Date.parse(one.dateTime)) / 1000;
      one.textContent = "due" in one.dataset && seconds >= 0 ? "now" : ago(seconds);
    }
  };
  setInterval(times, 5000);

  // The map: one square a unit on a canvas as high as what is in sight; the frame scrolls.
  const maps = new Map();
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (letter) => {
    probe.style.color = `var(${letter === "-" ? "--h-none" : `--h-${letter}`})`;
    return getComputedStyle(probe).color;
  };

  function drawMaps() { for (const one of maps.values()) one.draw(); }

  class UnitMap {
    constructor(frame) {
      this.frame = frame;
      this.canvas = frame.querySelector("canvas");
      this.spacer = document.createElement("div");
      frame.append(this.spacer);
      this.said = frame.parentElement.querySelector(".said");
      this.at = 0;
      this.cells = "";
      this.asked = 0;
      frame.addEventListener("scroll", () => this.draw(), { passive: true });
      frame.addEventListener("keydown", (event) => this.key(event));
      this.canvas.addEventListener("click", (event) => { this.point(event); this.open(); });
      this.canvas.addEventListener("mousemove", (event) => { this.point(event); this.say(); });
      new ResizeObserver(() => this.draw()).observe(frame);
      this.load();
    }

    async load() {
      const answer = await fetch(this.frame.dataset.map);
      if (!answer.ok) return;
      const found = await answer.json();
      this.cells = found.worst;
      this.letters = found.letters;
      this.draw();
    }

    shape() {
      const width = this.frame.clientWidth, most = this.frame.clientHeight;
      let size = 16;
      while (size > 4 && Math.ceil(this.cells.length / Math.floor(width / size)) * size > most) size -= 1;
      return { size, across: Math.max(1, Math.floor(width / size)), width, most };
    }

    draw() {
      if (!this.cells) return;
      const { size, across, width, most } = this.shape();
      const rows = Math.ceil(this.cells.length / across);
      const scale = window.devicePixelRatio || 1;
      const height = Math.min(most, Math.max(rows * size, size));
      this.canvas.width = width * scale; this.canvas.height = height * scale;
      this.canvas.style.width = `${width}px`; this.canvas.style.height = `${height}px`;
      this.spacer.style.height = `${Math.max(0, rows * size - height)}px`;
      if (rows * size < most) this.frame.style.height = `${rows * size + 2}px`;
      const pen = this.canvas.getContext("2d");
      pen.scale(scale, scale);
      const first = Math.floor(this.frame.scrollTop / size) * across;
      const last = Math.min(this.cells.length, first + (Math.ceil(height / size) + 1) * across);
      const paints = {};
      for (let at = first; at < last; at += 1) {
        const letter = this.cells[at];
        pen.fillStyle = paints[letter] ??= colour(letter);
        pen.fillRect((at % across) * size, Math.floor(at / across) * size - this.frame.scrollTop, size - 1, size - 1);
      }
      if (document.activeElement === this.frame) {
        pen.strokeStyle = getComputedStyle(document.body).color;
        pen.lineWidth = 2;
        pen.strokeRect((this.at % across) * size, Math.floor(this.at / across) * size - this.frame.scrollTop, size, size);
      }
    }

    point(event) {
      const { size, across } = this.shape();
      const box = this.canvas.getBoundingClientRect();
      const at = Math.floor((event.clientY - box.top + this.frame.scrollTop) / size) * across + Math.floor((event.clientX - box.left) / size);
      if (at >= 0 && at < this.cells.length) this.at = at;
    }

    key(event) {
      const { size, across, most } = this.shape();
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -this.at, End: this.cells.length - 1 - this.at };
      if (event.key === "Enter") { this.open(); return; }
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.at = Math.min(this.cells.length - 1, Math.max(0, this.at + steps[event.key]));
      const top = Math.floor(this.at / across) * size;
      if (top < this.frame.scrollTop) this.frame.scrollTop = top;
      if (top + size > this.frame.scrollTop + most) this.frame.scrollTop = top + size - most;
      this.draw();
      this.say();
    }

    async unit() {
      const answer = await fetch(`${this.frame.dataset.units}?offset=${this.at}&limit=1`);
      return answer.ok ? (await answer.json()).units[0] : undefined;
    }

    say() {
      clearTimeout(this.asked);
      const at = this.at;
      this.asked = setTimeout(async () => {
        const one = await this.unit();
        if (one && at === this.at) this.said.textContent = `${one.unit.unit.name || one.unit.unit.id}: ${one.standing}`;
      }, 120);
    }

    async open() {
      const one = await this.unit();
      if (one) location.href = `/unit?id=${encodeURIComponent(one.unit.unit.id)}`;
    }
  }

  const begin = () => {
    times();
    maps.clear();
    for (const frame of document.querySelectorAll("[data-map]")) maps.set(frame, new UnitMap(frame));
  };

  // Live: a number says that there is something new, and the page is fetched again. What a person types into stays.
  const live = document.getElementById("live");
  let waiting = false;
  const typing = () => {
    const one = document.activeElement;
    const filled = [...document.querySelectorAll("main input[type=text], main input[type=search], main input[type=password]")];
    return (one && one.closest("main form")) || filled.some((field) => field.value !== field.defaultValue);
  };
  const renew = async () => {
    if (waiting || document.hidden) return;
    waiting = true;
    await new Promise((done) => { setTimeout(done, Math.random() * 1000); });
    try {
      if (typing()) { live.textContent = "There is something new; it appears when the form is empty."; return; }
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) { live.textContent = "The page cannot be updated; load it again."; return; }
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (!found || typing()) return;
      const open = [...document.querySelectorAll("main details[open]")].map((one) => one.id);
      const scrolled = [...document.querySelectorAll("main [data-map]")].map((one) => one.scrollTop);
      const focused = document.activeElement && document.activeElement.id;
      document.querySelector("main").replaceChildren(...found.childNodes);
      for (const id of open) if (id) document.getElementById(id)?.setAttribute("open", "");
      if (focused) document.getElementById(focused)?.focus();
      begin();
      document.querySelectorAll("main [data-map]").forEach((one, number) => { one.scrollTop = scrolled[number] || 0; });
      live.textContent = `Updated at ${new Date().toLocaleTimeString()}.`;
    } finally { waiting = false; }
  };
  if (live && live.dataset.stream && window.EventSource) {
    let seen = live.dataset.generation;
    const stream = new EventSource(live.dataset.stream);
    stream.addEventListener("news", (event) => { if (event.data !== seen) { seen = event.data; renew(); } });
    stream.addEventListener("error", () => { live.textContent = "The watch does not answer; trying again."; });
    stream.addEventListener("open", () => { live.textContent = "Live."; });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
    window.addEventListener("pagehide", () => stream.close());
  }

  begin();
})();
