// What lies over the lanes: messages, causes, violations; and the axis.

// visible are the messages of a run that are on their way within the view.
function visible(m) {
  const out = [], far = state.to + Math.max(5e9, state.to - state.from);
  for (let i = lowest(m.t, state.from); i < m.t.length && m.t[i] <= far; i++) {
    const w = whatOf(m, i);
    if (w.kind !== 'message' || (w.beat && !state.beats)) continue;
    const c = causeOf(m, i);
    if (c === undefined || m.t[c] > state.to) continue;
    const from = stepLane(m, c), to = stepLane(m, i);
    if (from === to || !layout.lanes.has(from) || !layout.lanes.has(to)) continue;
    out.push({ m, i, c, from, to, w });
  }
  return out;
}

let drawn = []; // the messages that are drawn, for finding the one that is meant
let toWrite = []; // labels, the most important first
let wordBoxes = []; // where words of lanes and names of groups stand
let hidden = 0; // how many are too many to be drawn

// roomFor is how many messages can be told apart in the view.
const roomFor = () => Math.round((size.w - size.gutter) * 0.75);

function drawMessages(out) {
  drawn = [];
  toWrite = [];
  hidden = 0;
  if (!state.messages) return;
  const runs = shown();
  const all = runs.flatMap(visible);
  const chain = state.causes && activeChain();
  if (all.length > roomFor()) {
    hidden = all.length;
    return;
  }
  const thick = all.length > roomFor() / 3 ? ' faded' : '';
  const labels = [];
  for (const msg of all) {
    const { m, i, c, w } = msg;
    const x1 = x(m.t[c]), y1 = laneY(m, msg.from), x2 = x(m.t[i]), y2 = laneY(m, msg.to);
    const id = keyOf(m, 'step', m.n[i]);
    const picked = state.picked && state.picked.id === id;
    const faint = picked || (chain && chain.run === m && chain.steps.has(m.n[i])) ? '' : thick;
    const b = m === B ? ' of-b' : '';
    out.push(`<path class="msg ${w.of}${faint}${b}${picked ? ' picked' : ''}" data-k="${id}" d="M${x1.toFixed(1)} ${y1}L${x2.toFixed(1)} ${y2}"><title>${esc(stepText(m, i))}</title></path>`);
    out.push(head(w.of, x1, y1, x2, y2));
    drawn.push({ msg, x1, y1, x2, y2 });
    labels.push({ text: w.name + (m.steps.details[m.steps.detail[i]] && all.length < 14 ? ' ' + m.steps.details[m.steps.detail[i]].slice(0, 48) : ''), px: (x1 + x2) / 2, y: (y1 + y2) / 2 });
  }
  if (all.length <= 90) toWrite.push(...labels);
}

// head is the arrow at the end of a message.
function head(of, x1, y1, x2, y2) {
  const len = Math.hypot(x2 - x1, y2 - y1) || 1, ux = (x2 - x1) / len, uy = (y2 - y1) / len;
  const p = (a, b) => `${(x2 - ux * a - uy * b).toFixed(1)} ${(y2 - uy * a + ux * b).toFixed(1)}`;
  return `<path class="head over ${of}" d="M${p(0, 0)}L${p(6, 2.6)}L${p(6, -2.6)}z"/>`;
}

// write writes those labels that hide no other, and no word of a lane.
function write(out) {
  const taken = wordBoxes.slice();
  for (const l of toWrite) {
    const w = wide(l.text), a = Math.min(Math.max(l.px + 3, size.gutter + 2), size.w - w), box = [a, l.y - 9, a + w, l.y + 5];
    if (l.px < size.gutter || l.px > size.w) continue;
    if (taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) continue;
    taken.push(box);
    out.push(`<text class="over halo label" x="${a.toFixed(1)}" y="${(l.y + 3).toFixed(1)}">${esc(l.text)}</text>`);
  }
}

// drawSteps marks what is neither a message nor left out, once there is room.
function drawSteps(out) {
  for (const m of shown()) {
    const a = lowest(m.t, state.from), z = lowest(m.t, state.to);
    if (z - a > 2000) continue;
    const marks = [];
    for (let i = a; i < z; i++) {
      const w = whatOf(m, i);
      if (w.kind !== 'message' && laneY(m, stepLane(m, i)) !== undefined && (!w.beat || state.beats)) marks.push(i);
    }
    if (marks.length > 150) continue;
    for (const i of marks) {
      const y = laneY(m, stepLane(m, i));
      out.push(`<path class="stepmark" data-k="${keyOf(m, 'step', m.n[i])}" d="M${x(m.t[i]).toFixed(1)} ${y - 12}v24"><title>${esc(stepText(m, i))}</title></path>`);
    }
  }
}

// activeChain is the chain of causes that is highlighted: that of what is
// picked, or the one that led to the violation.
function activeChain() {
  if (state.chain) return state.chain;
  const m = shown().find((m) => m.slice.length);
  return m ? { run: m, steps: m.slicing, edges: m.edges } : null;
}

function drawCauses(out) {
  const chain = state.causes && activeChain();
  if (!chain || !shown().includes(chain.run)) return;
  const m = chain.run, labels = [];
  const lines = [], dots = [];
  const line = (i, c, how) => {
    if (i === undefined || c === undefined || m.t[i] < state.from || m.t[c] > state.to) return;
    const cy = laneY(m, stepLane(m, c)), iy = laneY(m, stepLane(m, i)), to = iy === undefined ? cy : iy, from = cy === undefined ? to : cy;
    const sure = how === 'sent' || how === 'set' || how === 'let go' ? '' : ' of';
    if (to !== undefined) lines.push(`<path class="cause over${sure}" d="M${x(m.t[c]).toFixed(1)} ${from}L${x(m.t[i]).toFixed(1)} ${to}"/>`);
  };
  if (chain.edges) for (const e of chain.edges) line(m.place.get(e.a), m.place.get(e.b), e.h);
  else for (const n of chain.steps) { const i = m.place.get(n); line(i, i === undefined ? i : causeOf(m, i), 'sent'); }
  for (const n of chain.steps) {
    const i = m.place.get(n);
    if (i === undefined) continue;
    const y = laneY(m, stepLane(m, i));
    const px = x(m.t[i]);
    if (y === undefined || m.t[i] < state.from || m.t[i] > state.to) continue;
    dots.push(`<circle class="cause-dot" data-k="${keyOf(m, 'step', n)}" cx="${px.toFixed(1)}" cy="${y}" r="4"><title>${esc(stepText(m, i))}</title></circle>`);
    labels.push({ text: whatOf(m, i).name, px: px + 4, y: y - 11 });
  }
  out.push(lines.join(''), dots.join(''));
  if (labels.length <= 60) toWrite.unshift(...labels.reverse());
}

function drawOver(out, words) {
  drawSteps(out);
  drawMessages(out);
  drawCauses(out);
  const p = state.picked && state.picked.step && state.picked.id.includes(':step:') && state.picked;
  if (p) {
    const i = p.run.place.get(p.step), y = laneY(p.run, stepLane(p.run, i));
    if (y !== undefined) out.push(`<circle class="over cursor" fill="none" cx="${x(p.at).toFixed(1)}" cy="${y}" r="7"/>`);
  }
  out.push(...words);
  write(out);
  const line = (at, cls, title) => {
    if (at >= state.from && at <= state.to) out.push(`<path class="over ${cls}" fill="none" d="M${x(at).toFixed(1)} 0V${layout.h}"><title>${esc(title)}</title></path>`);
  };
  for (const m of shown()) if (m.healed) line(m.healed, 'healed', 'all faults ended');
  if (data.part && shown().length > 1) line(data.part.at, 'part', data.part.text);
  for (const r of layout.rows) {
    if (r.kind !== 'marks') continue;
    r.marks.forEach((k, j) => {
      line(k.a, 'violation-line', k.l);
      if (k.a < state.from || k.a > state.to) return;
      const w = bold(k.l), right = x(k.a) + 4 + w <= size.w;
      out.push(`<text class="flag halo" data-k="${keyOf(k.run, 'mark', k.i)}" x="${(right ? x(k.a) + 4 : x(k.a) - w - 2).toFixed(1)}" y="${r.y + r.at[j] * 17 + 12}">${esc(k.l)}</text>`);
    });
  }
  for (const h of state.hits.slice(0, 2000)) {
    if (h.at >= state.from && h.at <= state.to) out.push(`<path class="hit over" d="M${x(h.at) - 4} 0h8l-4 7z"/>`);
  }
  if (state.cursor !== null) line(state.cursor, 'cursor', '');
}

// nice is the least of 1, 2 and 5 times a power of ten that is at least ns.
function nice(ns) {
  const p = 10 ** Math.floor(Math.log10(ns));
  return [1, 2, 5, 10].map((k) => k * p).find((s) => s >= ns * 0.999);
}

function drawAxis() {
  const room = size.w < 900 ? 76 : 96, step = nice(((state.to - state.from) * room) / (size.w - size.gutter));
  const out = [];
  for (let t = Math.ceil(state.from / step) * step; t <= state.to; t += step) {
    const px = x(t), label = seconds(t, step) + ' s', half = (label.length * 6.4) / 2;
    out.push(`<path class="tick" d="M${px.toFixed(1)} 24v8"/>`);
    if (px - half > size.gutter - 30 && px + half < size.w) out.push(`<text text-anchor="middle" x="${px.toFixed(1)}" y="20">${label}</text>`);
  }
  const note = hidden ? `${hidden} messages here: zoom in to see them` : '';
  if (note) out.push(`<text class="soft" id="too-many" x="${size.gutter + 2}" y="38">${note}</text>`);
  out.push(`<text class="soft" text-anchor="end" x="${size.w - 2}" y="38">${length(state.to - state.from)} in view</text>`);
  $('axis').setAttribute('viewBox', `0 0 ${size.w} 40`);
  $('axis').innerHTML = out.join('');
}

function drawOverview() {
  const px = (t) => size.gutter + (t / end) * (size.w - size.gutter), out = [];
  const main = A.lanes.filter((l) => l.group === 'masters' || l.group === 'terms').flatMap((l) => l.rows).filter((r) => r.kind === 'band').flatMap((r) => r.bars);
  for (const b of main) if (b.c === 'alive') out.push(`<rect class="alive" x="${px(b.a)}" y="13" width="${Math.max(px(b.b) - px(b.a), 1)}" height="9"/>`);
  for (const f of A.faults) out.push(`<rect class="faultbar" x="${px(f.a)}" y="23" width="${Math.max(px(f.b) - px(f.a), 2)}" height="7"/>`);
  for (const k of A.marks) out.push(`<path class="violation-line" fill="none" d="M${px(k.at)} 2v30m-4 -30l8 8m0 -8l-8 8"/>`);
  out.push(`<text class="soft" text-anchor="end" x="${size.gutter - 8}" y="22">whole run</text>`);
  const a = px(Math.max(0, state.from)), w = Math.max(px(Math.min(end, state.to)) - a, 3);
  out.push(`<rect class="frame" id="frame" x="${a.toFixed(1)}" y="2" width="${w.toFixed(1)}" height="30"/>`);
  $('overview').setAttribute('viewBox', `0 0 ${size.w} 34`);
  $('overview').innerHTML = out.join('');
}

function draw() {
  if (layout.moves) place();
  drawLanes();
  drawAxis();
  drawOverview();
  drawList();
  $('nothing').hidden = layout.rows.length > 0;
}
function redo() {
  measure();
  place();
  draw();
}
