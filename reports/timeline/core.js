// What the page knows, and what of it is seen.
const $ = (id) => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const A = decode(data.a), B = data.b ? decode(data.b) : null;
const end = Math.max(A.end, B ? B.end : 0, 1e6);

const first = B && !A.marks.length ? [0, end] : A.view; // what is seen at first

// The state of the page: everything that a key or the mouse changes.
const state = {
  from: first[0], to: Math.max(first[1], first[0] + 1e3),
  messages: true, beats: false, causes: true, other: 'both',
  closed: new Set(), // groups that are folded
  picked: null, // {run, kind, i}
  chain: null, // the steps that led to what is picked
  query: '', hits: [], hit: -1, cursor: null,
};

// sums turns differences back into numbers.
function sums(list) {
  let n = 0;
  return Float64Array.from(list || [], (d) => (n += d));
}

function decode(m) {
  const s = m.steps, e = m.events;
  m.n = sums(s.n); m.t = sums(s.at);
  m.place = new Map();
  m.n.forEach((n, i) => m.place.set(n, i));
  m.slicing = new Set(m.slice);
  m.es = sums(e.step); m.et = sums(e.at);
  return m;
}

// causeOf is where the step stands that made step i pending, or undefined.
const causeOf = (m, i) => (m.steps.cause[i] ? m.place.get(m.n[i] - m.steps.cause[i]) : undefined);
const whatOf = (m, i) => m.steps.whats[m.steps.what[i]];
const stepLane = (m, i) => m.steps.lanes[m.steps.lane[i]];

// lowest is the first place in a sorted list whose number is at least x.
function lowest(list, x) {
  let a = 0, b = list.length;
  while (a < b) {
    const c = (a + b) >> 1;
    if (list[c] < x) a = c + 1; else b = c;
  }
  return a;
}

// chainOf are the steps that led to step n, itself included.
function chainOf(m, n) {
  const out = new Set();
  for (let i = m.place.get(n); i !== undefined && !out.has(m.n[i]); i = causeOf(m, i)) out.add(m.n[i]);
  return out;
}

// The runs that are shown.
function shown() {
  if (!B || state.other === 'a') return [A];
  return state.other === 'b' ? [B] : [A, B];
}

// Times, as people read them.
function seconds(ns, step) {
  const d = step === undefined ? 3 : Math.min(9, Math.max(0, -Math.floor(Math.log10(step / 1e9) + 1e-9)));
  return (ns / 1e9).toFixed(d);
}
function length(ns) {
  if (ns >= 1e9) return (ns / 1e9).toFixed(ns >= 1e10 ? 1 : 2) + ' s';
  if (ns >= 1e6) return (ns / 1e6).toFixed(ns >= 1e7 ? 1 : 2) + ' ms';
  return (ns / 1e3).toFixed(1) + ' µs';
}

const esc = (s) => String(s).replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';');

// Widths: of the page, of the gutter with the names, and of letters.
const size = { w: 1000, gutter: 120 };
const wide = (text) => text.length * 6.5 + 8;
const bold = (text) => text.length * 7.2 + 10;
const x = (ns) => size.gutter + ((ns - state.from) / (state.to - state.from)) * (size.w - size.gutter);
const back = (px) => state.from + ((px - size.gutter) / (size.w - size.gutter)) * (state.to - state.from);

function measure() {
  size.w = Math.max(320, $('plot').clientWidth);
  size.gutter = Math.round(Math.min(132, Math.max(72, size.w * 0.095)));
}

// show moves the view, within the run.
function show(from, to) {
  const span = Math.min(Math.max(to - from, 2000), end * 1.02);
  const mid = (from + to) / 2;
  const low = -end * 0.01;
  state.from = Math.max(low, Math.min(mid - span / 2, end * 1.01 - span));
  state.to = state.from + span;
}
function zoom(by, at) {
  const c = at === undefined ? (state.from + state.to) / 2 : at;
  show(c - (c - state.from) * by, c + (state.to - c) * by);
}
function pan(part) {
  const d = (state.to - state.from) * part;
  show(state.from + d, state.to + d);
}
// reveal moves the view so that a moment is in it.
function reveal(at) {
  if (at >= state.from && at <= state.to) return;
  const half = (state.to - state.from) / 2;
  show(at - half, at + half);
}
