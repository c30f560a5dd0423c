// Lanes: rows of bars, laid out once for a width, drawn for each view.
const heights = { band: 20, bar: 16, thin: 7, tick: 9 };
let layout = { rows: [], lanes: new Map(), below: new Map(), h: 0 };

// laneY is where a lane of a run begins and ends its messages.
const laneY = (m, name) => (m === B && layout.below.has(name) ? layout.below.get(name) : layout.lanes.get(name));

// pack gives bars with labels rows in which neither overlaps: at the scale of
// the whole run, so that nothing moves, unless that takes many rows; then anew
// for each view.
function pack(bars, most) {
  const whole = packed(bars, most, (ns) => (ns / end) * (size.w - size.gutter));
  if (Math.max(...whole) < 4) return whole;
  layout.moves = true;
  return packed(bars, most, (ns) => x(ns), true);
}
function packed(bars, most, px, seen) {
  const ends = [];
  return bars.map((b) => {
    if (seen && !inView(b)) return 0;
    const a = px(b.a), z = Math.max(px(b.b) + 4, a + 10 + wide(b.l));
    let r = ends.findIndex((e) => e <= a);
    if (r < 0) r = ends.length < most ? ends.push(0) - 1 : ends.indexOf(Math.min(...ends));
    ends[r] = Math.max(ends[r], z);
    return r;
  });
}

// place lays everything out from top to bottom.
function place() {
  const rows = [], lanes = new Map(), below = new Map();
  layout.moves = false;
  let y = 2;
  const runs = shown();
  const marks = runs.flatMap((m) => m.marks.map((k, i) => ({ run: m, i, k, a: k.at, b: k.at, l: '✗ ' + k.property })));
  if (marks.length) {
    const at = pack(marks, 6), n = Math.max(...at) + 1;
    rows.push({ kind: 'marks', y, h: n * 17, marks, at, name: 'violated' });
    y += n * 17 + 4;
  }
  runs.forEach((m) => {
    if (!m.faults.length) return;
    const at = pack(m.faults, 8), n = Math.max(...at) + 1;
    rows.push({ kind: 'faults', y, h: n * 18, run: m, at, name: runs.length > 1 ? 'faults ' + (m === A ? 'A' : 'B') : 'faults' });
    y += n * 18 + 4;
  });
  runs.forEach((m) => {
    if (!m.steps.all) return;
    rows.push({ kind: 'density', y, h: 22, run: m, name: runs.length > 1 ? 'messages ' + (m === A ? 'A' : 'B') : 'messages' });
    y += 26;
  });
  const groups = [];
  runs.forEach((m) => m.lanes.forEach((l) => {
    let g = groups.find((g) => g.name === l.group);
    if (!g) groups.push((g = { name: l.group, lanes: [] }));
    let lane = g.lanes.find((x) => x.name === l.name);
    if (!lane) g.lanes.push((lane = { name: l.name, of: [] }));
    lane.of.push({ run: m, lane: l });
  }));
  for (const g of groups) {
    rows.push({ kind: 'group', y, h: 19, name: g.name, n: g.lanes.length });
    const header = y + 10;
    y += 20;
    for (const l of g.lanes) {
      if (state.closed.has(g.name)) {
        lanes.set(l.name, header);
        continue;
      }
      const top = y;
      let second = 0;
      y += 3;
      for (const { run, lane } of l.of) {
        if (run === B) second = y;
        for (const r of lane.rows) {
          const h = heights[r.kind];
          if (!lanes.has(l.name)) lanes.set(l.name, r.kind === 'band' ? y + h - 2 : y + h / 2); // words stand above it
          if (run === B && !below.has(l.name)) below.set(l.name, r.kind === 'band' ? y + h - 2 : y + h / 2);
          rows.push({ kind: r.kind, y, h, run, row: r, lane: l.name, at: lane.rows.indexOf(r) });
          y += h + (r.kind === 'tick' ? 1 : 2);
        }
      }
      y = Math.max(y, top + 22) + 3;
      rows.push({ kind: 'lane', y: top, h: y - top, name: l.name, second: l.of.length > 1 ? second : 0 });
    }
  }
  layout = { rows, lanes, below, h: y + 4, moves: layout.moves };
}

const keyOf = (run, kind, i) => (run === A ? 'a' : 'b') + ':' + kind + ':' + i;
const inView = (b) => Math.max(b.b, b.z || 0) >= state.from && b.a <= state.to;

// fitted is the longest form of a text that has room: all of it, what stands
// before a comma, a name without its sort.
function fitted(text, room) {
  for (const t of [text, text.split(/[,:] /)[0], text.replace(/^(job|driver|executor|CompletingR) ?/, (w) => (w[0] === 'C' ? 'R' : '')).split(/[,:] /)[0]]) {
    if (t && wide(t) <= room) return t;
  }
  return '';
}

function drawBar(out, words, r, b, i) {
  const left = Math.max(x(b.a), size.gutter - 4), right = Math.min(Math.max(x(b.b), x(b.a) + 2.5), size.w + 6);
  const id = keyOf(r.run, 'bar', r.lane + '/' + r.at + '/' + i);
  const same = state.picked && state.picked.key && b.k === state.picked.key && r.kind === 'bar' ? ' same' : '';
  const picked = state.picked && state.picked.id === id ? ' picked' : '';
  const title = `<title>${esc(b.t || b.l || '')}</title>`;
  if (r.kind === 'tick' && b.c === 'act') {
    const late = lateAct(r, b) ? ' late' : '';
    out.push(`<path class="act${late}${picked}" data-k="${id}" d="M${x(b.a).toFixed(1)} ${r.y}v${r.h}"><title>${esc(actText(r.run, b))}</title></path>`);
    return;
  }
  let y = r.y, h = r.h;
  if (b.c === 'paused') [y, h] = [r.y - 1, r.h + 2];
  if (r.kind === 'thin') h = 5;
  out.push(`<rect class="cls ${b.c}${b.x ? ' bad' : ''}${same}${picked}" data-k="${id}" x="${left.toFixed(1)}" y="${y}" width="${(right - left).toFixed(1)}" height="${h}">${title}</rect>`);
  const pattern = { paused: 'hatch', recovering: 'hatch', completingrecovery: 'dense', suspended: 'dots', looking: 'dots', elected: 'hatch' }[b.c];
  if (pattern) out.push(`<rect class="over" fill="url(#p-${pattern})" x="${left.toFixed(1)}" y="${y}" width="${(right - left).toFixed(1)}" height="${h}"/>`);
  if (b.z) out.push(`<path class="tail over" d="M${x(b.b).toFixed(1)} ${y + h / 2}H${x(b.z).toFixed(1)}"/>`);
  if (r.kind === 'thin') {
    if (b.e && x(b.b) >= size.gutter) out.push(glyph(b.e === 'expired' ? 'cross' : 'stop', x(b.b), y + 2.5));
    return;
  }
  const text = (b.x ? '✗ ' : '') + (b.l || '');
  const t = fitted(text, Math.min(right, size.w) - Math.max(left, size.gutter));
  if (b.x && !t) { // it must be seen, however short it was
    const beside = '✗ first illegal: ' + b.l, at = right + 6 + bold(beside) <= size.w ? right + 6 : left - bold(beside);
    wordBoxes.push([at, y, at + bold(beside), y + h]);
    words.push(`<text class="flag halo" data-k="${id}" x="${at.toFixed(1)}" y="${y + h / 2 + 4}">${esc(beside)}</text>`);
  }
  if (t) wordBoxes.push([Math.max(left, size.gutter), y, Math.max(left, size.gutter) + wide(t), y + h - 3]);
  if (t) words.push(`<text class="over glow" x="${(Math.max(left, size.gutter) + 4).toFixed(1)}" y="${y + h / 2 + 4}">${esc(t)}</text>`);
}

// lateAct reports whether something was done in the name of a term when a
// later one had begun.
function lateAct(r, b) {
  const l = r.run.lanes.find((l) => l.group === 'terms');
  return !!l && l.rows.some((q) => q.kind === 'band' && q.bars.some((t) => +t.k > +b.k && t.a < b.a));
}

function glyph(kind, px, y) {
  if (kind === 'cross') return `<path class="over violation-line" fill="none" d="M${px - 4} ${y - 4}l8 8m-8 0l8 -8"/>`;
  return `<path class="over sessionend" stroke="var(--session)" stroke-width="2" d="M${px} ${y - 5}v10"/>`;
}

function drawFaults(out, r) {
  const bars = [], labels = [], taken = [];
  r.run.faults.forEach((f, i) => {
    if (!inView(f)) return;
    const y = r.y + r.at[i] * 18, left = Math.max(x(f.a), size.gutter - 4), right = Math.min(Math.max(x(f.b), x(f.a) + 4), size.w + 6);
    const id = keyOf(r.run, 'fault', i);
    const picked = state.picked && state.picked.id === id ? ' picked' : '';
    out.push(`<rect class="cls faultbar${picked}" data-k="${id}" x="${left.toFixed(1)}" y="${y}" width="${(right - left).toFixed(1)}" height="15"><title>${esc(f.t)}</title></rect>`);
    const inside = wide(f.l) <= right - Math.max(left, size.gutter);
    bars.push([left, y, right, y + 15]);
    let at = inside ? Math.max(left, size.gutter) + 4 : right + 4;
    if (!inside && at + wide(f.l) > size.w) at = Math.max(size.gutter + 4, Math.min(left - wide(f.l), size.w - wide(f.l)));
    labels.push({ at, y, own: bars.length - 1, text: f.l });
  });
  for (const l of labels) {
    const box = [l.at, l.y, l.at + wide(l.text) - 8, l.y + 15], hits = (t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3];
    if (bars.some((t, i) => i !== l.own && hits(t)) || taken.some(hits)) continue;
    taken.push(box);
    out.push(`<text class="over halo" x="${l.at.toFixed(1)}" y="${l.y + 12}">${esc(l.text)}</text>`);
  }
}

// drawShade darkens the lanes that a fault strikes while it lasts.
function drawShade(out) {
  for (const m of shown()) {
    for (const q of m.quorum) {
      if (q[1] < state.from || q[0] > state.to) continue;
      const a = Math.max(x(q[0]), size.gutter), b = Math.min(x(q[1]), size.w);
      out.push(`<rect class="noquorum" x="${a}" y="0" width="${Math.max(b - a, 1)}" height="${layout.h}"><title>ZooKeeper has no quorum</title></rect>`);
    }
    for (const f of m.faults) {
      if (!inView(f) || f.a === f.b) continue;
      const a = Math.max(x(f.a), size.gutter), w = Math.min(x(f.b), size.w) - a;
      for (const r of layout.rows) {
        if (r.kind === 'lane' && (f.m || []).some((n) => n === r.name)) {
          out.push(`<rect class="shade" x="${a.toFixed(1)}" y="${r.y}" width="${Math.max(w, 1).toFixed(1)}" height="${r.h}"/><rect class="over" fill="url(#p-shade)" x="${a.toFixed(1)}" y="${r.y}" width="${Math.max(w, 1).toFixed(1)}" height="${r.h}"/>`);
        }
      }
    }
  }
}

// counted are the messages that arrive in the view, in stretches of 4 pixels.
function counted(m) {
  const n = Math.max(1, Math.round((size.w - size.gutter) / 4)), len = (state.to - state.from) / n, d = new Array(n).fill(0);
  for (let i = lowest(m.t, state.from); i < m.t.length && m.t[i] <= state.to; i++) {
    if (whatOf(m, i).kind === 'message') d[Math.min(n - 1, Math.floor((m.t[i] - state.from) / len))]++;
  }
  return [d, state.from, len];
}

// drawDensity shows how many messages arrived when, and where the page has
// left some out.
function drawDensity(out, r) {
  const s = r.run.steps, whole = s.gaps.every((g) => g[1] < state.from || g[0] > state.to);
  const [d, first, len] = whole ? counted(r.run) : [s.density, 0, r.run.end / s.density.length];
  const most = Math.max(1, ...d);
  let path = '';
  d.forEach((n, i) => {
    const a = x(first + i * len), b = x(first + (i + 1) * len);
    if (n && b >= size.gutter && a <= size.w) path += `M${Math.max(a, size.gutter).toFixed(1)} ${r.y + r.h}v${-(Math.sqrt(n / most) * (r.h - 2)).toFixed(1)}H${Math.min(b, size.w).toFixed(1)}V${r.y + r.h}z`;
  });
  out.push(`<path class="dens" d="${path}"><title>messages that arrived, in each ${length(len)}; at most ${most}</title></path>`);
  for (const g of s.gaps) {
    if (g[1] < state.from || g[0] > state.to) continue;
    const a = Math.max(x(g[0]), size.gutter);
    out.push(`<rect class="gap" x="${a}" y="${r.y}" width="${Math.max(Math.min(x(g[1]), size.w) - a, 1)}" height="${r.h}"><title>some steps are not on this page</title></rect>`);
  }
}

const patterns = `<defs>
<pattern id="p-hatch" width="7" height="7" patternUnits="userSpaceOnUse"><path d="M0 7L7 0" style="stroke:var(--edge)" stroke-width=".9"/></pattern>
<pattern id="p-dense" width="4" height="4" patternUnits="userSpaceOnUse"><path d="M0 4L4 0" style="stroke:var(--edge)" stroke-width=".8"/></pattern>
<pattern id="p-dots" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="2" cy="2" r="1" style="fill:var(--edge)"/></pattern>
<pattern id="p-shade" width="9" height="9" patternUnits="userSpaceOnUse"><path d="M0 0L9 9" style="stroke:var(--shade)" stroke-width=".7" opacity=".55"/></pattern>
<pattern id="p-gap" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0L6 6M0 6L6 0" style="stroke:var(--edge)" stroke-width=".6"/></pattern>
<clipPath id="c-plot"><rect x="GUTTER" y="0" width="WIDTH" height="99999"/></clipPath></defs>`;

function drawLanes() {
  const out = [], words = [], names = [], under = [];
  wordBoxes = [];
  drawShade(out);
  for (const r of layout.rows) {
    const mid = r.y + r.h / 2;
    if (r.kind === 'lane') {
      names.push(`<text class="name" text-anchor="end" x="${size.gutter - 8}" y="${r.y + 17}">${esc(r.name)}</text><path class="sep" d="M0 ${r.y + r.h}H${size.w}"/>`);
      if (r.second) names.push(`<text class="soft" text-anchor="end" x="${size.gutter - 8}" y="${r.second + 13}">B</text>`);
    } else if (r.kind === 'group') {
      const folded = state.closed.has(r.name);
      wordBoxes.push([0, r.y, size.gutter + 40, r.y + r.h]);
      under.push(`<rect x="0" y="${r.y}" width="${size.w}" height="${r.h - 2}" fill="var(--faint)"/>`);
      names.push(`<g class="group" role="button" tabindex="0" aria-expanded="${!folded}" data-group="${esc(r.name)}"><rect x="0" y="${r.y}" width="${size.gutter + 150}" height="${r.h - 2}" fill="transparent"/><text class="halo" x="6" y="${r.y + 13}">${folded ? '▸' : '▾'} ${esc(r.name)} (${r.n})</text></g>`);
    } else if (r.kind === 'marks' || r.kind === 'faults' || r.kind === 'density') {
      names.push(`<text class="soft" text-anchor="end" x="${size.gutter - 8}" y="${Math.min(mid + 4, r.y + 13)}">${esc(r.name)}</text>`);
    }
    if (r.kind === 'faults') drawFaults(out, r);
    if (r.kind === 'density') drawDensity(out, r);
    if (!r.row) continue;
    if (r.run === B) out.push('<g class="run-b">');
    let last = -1; // of what is narrower than a pixel, one in each is drawn
    r.row.bars.forEach((b, i) => {
      if (!inView(b) || (!b.x && x(b.b) - x(b.a) < 0.8 && x(b.b) < last + 0.6)) return;
      last = x(b.b);
      drawBar(out, words, r, b, i);
    });
    if (r.run === B) out.push('</g>');
  }
  drawOver(out, words);
  const defs = patterns.replace('GUTTER', size.gutter).replace('WIDTH', size.w - size.gutter);
  const svg = $('lanes');
  svg.setAttribute('viewBox', `0 0 ${size.w} ${layout.h}`);
  svg.setAttribute('height', layout.h);
  svg.innerHTML = defs + under.join('') + `<g clip-path="url(#c-plot)">${out.join('')}</g><g>${names.join('')}</g>`;
}
