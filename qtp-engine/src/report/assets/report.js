(() => {
  "use strict";
  const tip = document.getElementById("tip");
  const amount = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const small = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  function place(event) {
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const flip = event.clientX + box.width + 28 > innerWidth;
    const x = flip ? event.clientX - box.width - 14 : event.clientX + 14;
    const y = Math.min(event.clientY + 14, innerHeight - box.height - 8);
    tip.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
  }

  function line(tag, text, parent) {
    const node = document.createElement(tag);
    node.textContent = text;
    parent.append(node);
    return node;
  }

  function nearest(times, wanted) {
    let low = 0;
    let high = times.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= wanted) low = middle;
      else high = middle;
    }
    return wanted - times[low] > times[high] - wanted ? high : low;
  }

  function shown(value, unit) {
    const text = Math.abs(value) < 1 && value !== 0 && unit !== "%" ? small.format(value) : amount.format(value);
    return unit ? `${text} ${unit}` : text;
  }

  function utc(seconds) {
    return new Date(seconds * 1000).toISOString().replace("T", " ").replace(/(:00)?\.000Z$/, "");
  }

  for (const bar of document.querySelectorAll("rect[data-tip]")) {
    bar.addEventListener("pointermove", (event) => {
      tip.textContent = bar.dataset.tip;
      place(event);
    });
    bar.addEventListener("pointerleave", () => (tip.hidden = true));
  }

  for (const figure of document.querySelectorAll("figure.chart")) {
    const svg = figure.querySelector("svg");
    const cursor = svg.querySelector(".cursor");
    const [left, right, top, bottom] = figure.dataset.plot.split(" ").map(Number);
    const [start, end] = figure.dataset.time.split(" ").map(Number);
    const [low, high] = figure.dataset.value.split(" ").map(Number);
    const series = JSON.parse(figure.querySelector("script").textContent);
    for (const one of series) {
      let time = 0;
      one.t = one.t.map((step) => (time += step));
    }
    const leave = () => {
      tip.hidden = true;
      cursor.replaceChildren();
    };
    figure.addEventListener("pointerleave", leave);
    figure.addEventListener("pointermove", (event) => {
      const marker = event.target.dataset && event.target.dataset.tip;
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      if (!series.length || x < left || x > right) return leave();
      const wanted = start + ((x - left) / (right - left)) * (end - start);
      const make = (name, attributes) => {
        const node = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const key of Object.keys(attributes)) node.setAttribute(key, attributes[key]);
        cursor.append(node);
      };
      tip.replaceChildren();
      cursor.replaceChildren();
      const at = nearest(series[0].t, wanted);
      const span = end - start || 1;
      const place_x = left + ((series[0].t[at] - start) / span) * (right - left);
      make("path", { d: `M${place_x} ${top}V${bottom}` });
      line("b", marker || utc(series[0].t[at]), tip);
      for (const one of series) {
        const value = one.v[nearest(one.t, series[0].t[at])];
        const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
        make("circle", { cx: place_x, cy: bottom - share * (bottom - top), r: 4, class: one.class });
        if (marker) continue;
        const row = line("span", "", tip);
        line("em", one.name, row);
        line("strong", shown(value, one.unit), row);
      }
      place(event);
    });
  }
})();
