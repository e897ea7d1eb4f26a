"use strict";
// The table of rows: sorted, searched, filtered, and unfolded to the bars of a row. All text is set as text, never as markup.
(() => {
  const holder = document.getElementById("rows");
  if (!holder) return;
  const data = JSON.parse(document.getElementById("rows-data").textContent);
  const n = data.label.length, classes = data.classes, has = (name) => data[name] !== undefined;
  const SIZES = [25, 50, 100, 500];
  const state = { size: SIZES[0], page: 0, sort: null, down: false, open: new Set(), places: [] };

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };

  // Numbers, as the rest of the report writes them -------------------------------------------------------------------
  const grouped = (v) => Math.round(v).toLocaleString("en-GB");
  const signed = (v) => {
    if (v === null) return "not known";
    if (v === 0) return "0";
    const size = Math.abs(v), sign = v < 0 ? "-" : "+";
    if (size >= 1e15 || size < 1e-3) return sign + size.toExponential(1);
    if (size >= 1e4) return sign + grouped(size);
    return sign + size.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
  };
  const plain = (v) => signed(v).replace("+", "");
  const unsigned = (v) => v === null ? "not known" : String(Number(v.toPrecision(3)));
  const probability = (v) => v === null ? "not known" : v > 0 && v < 0.01 ? "below 0.01" : v > 0.99 && v < 1 ? "above 0.99" : v.toFixed(2);
  const bound = (v) => v === null ? "not bounded" : v < 0.01 ? "at most 1%" : v < 10 ? `at most ${Math.round(100 * v)}%` : "more than tenfold";
  const named = (c) => c === null ? "not known" : classes[c];
  const number = data.signed ? signed : unsigned;

  const parts = (i) => {
    const flat = data.top[i], found = [];
    for (let k = 0; k < flat.length; k += 3) {
      found.push({ name: data.columns[flat[k]], cell: data.texts[flat[k]][flat[k + 1]], value: flat[k + 2] });
    }
    return found;
  };
  const first = (i) => { const all = parts(i); return all.length ? `${all[0].name} = ${all[0].cell} (${number(all[0].value)})` : ""; };

  // Columns of the table ------------------------------------------------------------------------------------------------
  const isClass = classes.length > 0;
  const shown = isClass ? named : (v) => v === null ? "not known" : plain(v);
  const columns = [{ key: "label", title: "Row", text: (i) => data.label[i], sort: (i) => i }];
  if (has("truth")) columns.push({ key: "truth", title: "Label", text: (i) => shown(data.truth[i]), sort: (i) => data.truth[i], number: !isClass });
  if (has("prediction")) columns.push({ key: "prediction", title: "Prediction", text: (i) => shown(data.prediction[i]), sort: (i) => data.prediction[i], number: !isClass });
  if (has("truth") && has("prediction") && !isClass) {
    const off = (i) => data.prediction[i] - data.truth[i];
    columns.push({ key: "off", title: "Prediction minus label", text: (i) => signed(off(i)), sort: off, number: true });
  }
  if (has("probability")) columns.push({ key: "probability", title: data.probability_title, text: (i) => probability(data.probability[i]), sort: (i) => data.probability[i], number: true });
  columns.push({ key: "first", title: "Counts most", text: first, sort: (i) => data.top[i].length ? Math.abs(data.top[i][2]) : 0, wide: true });
  if (has("bound")) columns.push({ key: "bound", title: "Attributions are off by", text: (i) => bound(data.bound[i]), sort: (i) => data.bound[i], number: true, wide: true });

  // Which rows, in which order ------------------------------------------------------------------------------------------
  let texts = null; // of all rows, in small letters, made when somebody first searches
  const searched = () => {
    texts = texts || data.label.map((label, i) => [
      label, ...columns.slice(1).filter((c) => c.key === "truth" || c.key === "prediction").map((c) => c.text(i)),
      ...parts(i).map((part) => `${part.name} = ${part.cell}`),
    ].join("\n").toLowerCase());
    return texts;
  };
  const choose = () => {
    const wanted = search.value.trim().toLowerCase(), predicted = byClass && byClass.value, right = byRight && byRight.value;
    const all = wanted ? searched() : null;
    state.places = [];
    for (let i = 0; i < n; i++) {
      if (all && !all[i].includes(wanted)) continue;
      if (predicted && data.prediction[i] !== Number(predicted)) continue;
      if (right && (data.prediction[i] === data.truth[i]) !== (right === "right")) continue;
      state.places.push(i);
    }
    if (state.sort) {
      const key = state.sort.sort, turn = state.down ? -1 : 1;
      const keys = state.places.map(key), order = keys.map((_, k) => k);
      const missing = (v) => v === null || Number.isNaN(v);
      order.sort((a, b) => missing(keys[a]) - missing(keys[b]) || turn * (keys[a] - keys[b]) || a - b);
      state.places = order.map((k) => state.places[k]);
    }
    state.page = 0;
    draw();
  };

  // Controls --------------------------------------------------------------------------------------------------------------
  const labelled = (text, control) => make("label", {}, text, control);
  const search = make("input", { type: "search", id: "rows-search", size: 28, on: { input: () => choose() } });
  const selection = (id, options) => make("select", { id, on: { change: () => choose() } }, ...options.map(([value, text]) => make("option", { value }, text)));
  const byClass = isClass && has("prediction") && selection("rows-class", [["", "all"], ...classes.map((name, c) => [c, name])]);
  const byRight = isClass && has("prediction") && has("truth") && selection("rows-right", [["", "all"], ["right", "right"], ["wrong", "wrong"]]);
  const controls = make("div", { class: "controls" }, labelled("Search in names and values", search));
  if (byClass) controls.append(labelled("Predicted class", byClass));
  if (byRight) controls.append(labelled("Prediction is", byRight));
  const size = make("select", { id: "rows-size", on: { change: () => { state.size = Number(size.value); state.page = 0; draw(); } } },
    ...SIZES.map((each) => make("option", { value: each }, String(each))));
  controls.append(labelled("Rows a page", size));

  const sortBy = (column) => {
    state.down = state.sort === column ? !state.down : false;
    state.sort = column;
    for (const each of columns) each.head.setAttribute("aria-sort", each === column ? (state.down ? "descending" : "ascending") : "none");
    for (const each of columns) each.mark.textContent = each === column ? (state.down ? " ▼" : " ▲") : "";
    choose();
  };
  const heads = columns.map((column) => {
    column.mark = make("span", { "aria-hidden": "true" });
    const button = make("button", { type: "button", on: { click: () => sortBy(column) } }, column.title, column.mark);
    column.head = make("th", { scope: "col", "aria-sort": "none", class: (column.number ? "number" : "") + (column.wide ? " wide" : "") }, button);
    return column.head;
  });
  const body = make("tbody");
  const status = make("span", { role: "status", id: "rows-status" });
  const turn = (by) => { state.page += by; draw(); };
  const back = make("button", { type: "button", id: "rows-back", on: { click: () => turn(-1) } }, "Previous page");
  const next = make("button", { type: "button", id: "rows-next", on: { click: () => turn(1) } }, "Next page");

  // A row's bars --------------------------------------------------------------------------------------------------------
  const bar = (value, most) => {
    const drawn = make("div", { class: "bar", "aria-hidden": "true" }), share = most > 0 ? Math.abs(value) / most : 0;
    const whole = data.signed ? 50 : 100, zero = data.signed ? 50 : 0, width = share * whole;
    const piece = make("i", { class: value < 0 ? "down" : "up" }), line = make("i", { class: "zero" });
    piece.style.left = `${value < 0 ? zero - width : zero}%`;
    piece.style.width = `${width}%`;
    line.style.left = `${zero}%`;
    drawn.append(piece, line);
    return drawn;
  };
  const sentence = (i) => {
    const said = [], target = data.target_names[data.target[i]];
    if (has("prediction")) {
      const chance = has("probability") ? probability(data.probability[i]) : "";
      const title = data.probability_title[0].toLowerCase() + data.probability_title.slice(1);
      said.push(`Predicted: ${shown(data.prediction[i])}${chance ? (data.explains_predicted ? `, with probability ${chance}` : `; ${title}: ${chance}`) : ""}.`);
    }
    if (has("truth")) said.push(`Label: ${shown(data.truth[i])}.`);
    if (target) said.push(`The bars explain ${data.unit ? `the ${data.unit} of ` : ""}${target}.`);
    if (has("off") && data.off[i] !== null) said.push(`No bar is off by more than ${plain(data.off[i])}; the audit found that to hold for ${data.coverage} of rows like these.`);
    else if (has("bound")) said.push("The audit gives no useful bound of this row's error.");
    return said.join(" ");
  };
  const line = (name, cell, value, draws, kind) => make("tr", kind ? { class: kind } : {},
    make("th", { scope: "row" }, name), make("td", {}, cell), make("td", { class: "number" }, value), make("td", { class: "draw" }, draws));
  const details = (i) => {
    const all = parts(i), rest = has("others") ? data.others[i] : null, gap = has("gap") ? data.gap[i] : 0;
    const most = Math.max(...all.map((part) => Math.abs(part.value)), Math.abs(rest || 0), Math.abs(gap || 0), 0);
    const lines = [];
    if (has("base")) lines.push(line("base value", data.base_text, plain(data.base[i]), "", "sum"));
    for (const part of all) lines.push(line(part.name, part.cell, number(part.value), bar(part.value, most)));
    if (rest !== null) lines.push(line(data.n_others === 1 ? "1 other column" : `${data.n_others} other columns`, "", number(rest), bar(rest, most)));
    if (gap) lines.push(line("not attributed", "", signed(gap), bar(gap, most)));
    if (has("score")) lines.push(line(data.unit === "output" ? "prediction" : `${data.unit} of this row`, "", plain(data.score[i]), "", "sum"));
    const value = data.signed ? `attribution, in ${data.unit === "output" ? "units of the output" : data.unit}` : "importance, without sign";
    return make("div", {}, make("p", {}, sentence(i)), make("table", { class: "bars" },
      make("thead", {}, make("tr", {}, ...["column", "value"].map((t) => make("th", { scope: "col" }, t)),
        make("th", { scope: "col", class: "number" }, value), make("td", { class: "draw" }))),
      make("tbody", {}, ...lines)));
  };
  const unfold = (i, button, row) => {
    const open = !state.open.has(i);
    if (open) { state.open.add(i); row.after(detailsRow(i)); } else { state.open.delete(i); row.nextElementSibling.remove(); }
    button.setAttribute("aria-expanded", String(open));
    button.firstChild.textContent = open ? "▾ " : "▸ ";
  };
  const detailsRow = (i) => make("tr", { class: "details", id: `row-${i}` }, make("td", { colspan: columns.length }, details(i)));

  const draw = () => {
    const total = state.places.length, pages = Math.max(1, Math.ceil(total / state.size));
    const from = state.page * state.size, page = state.places.slice(from, from + state.size);
    body.replaceChildren();
    for (const i of page) {
      const row = make("tr", has("truth") && isClass && data.truth[i] !== data.prediction[i] ? { class: "wrong" } : {});
      const open = state.open.has(i);
      const button = make("button", { type: "button", class: "unfold", "aria-expanded": String(open), "aria-controls": `row-${i}`, on: { click: () => unfold(i, button, row) } },
        make("span", { "aria-hidden": "true" }, open ? "▾ " : "▸ "), data.label[i]);
      row.append(make("th", { scope: "row" }, button));
      for (const column of columns.slice(1)) {
        row.append(make("td", { class: `${column.key}${column.number ? " number" : ""}${column.wide ? " wide" : ""}` }, column.text(i)));
      }
      body.append(row);
      if (open) body.append(detailsRow(i));
    }
    if (!total) body.append(make("tr", {}, make("td", { colspan: columns.length }, "No row has all that is asked for.")));
    back.disabled = state.page === 0;
    next.disabled = state.page + 1 >= pages;
    status.textContent = total ? `Rows ${grouped(from + 1)} to ${grouped(from + page.length)} of ${grouped(total)}${total < n ? ` found, of ${grouped(n)} listed` : ""}` : `No rows of ${grouped(n)}`;
  };

  const caption = make("caption", {}, "Rows; a row's button unfolds its bars, a heading's button sorts");
  holder.replaceChildren(controls,
    make("div", { class: "scroll", role: "region", "aria-label": "Rows", tabindex: "0" },
      make("table", {}, caption, make("thead", {}, make("tr", {}, ...heads)), body)),
    make("div", { class: "pages" }, back, next, status),
    make("p", { class: "print-only" }, "Printed are the rows that were shown on the screen."));
  choose();
})();
