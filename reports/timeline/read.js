// Words: what is picked, the list of events, search.
function stepText(m, i) {
  const w = whatOf(m, i), c = causeOf(m, i), d = m.steps.details[m.steps.detail[i]];
  const from = c === undefined ? '' : stepLane(m, c), to = stepLane(m, i);
  let text = w.kind === 'message' && from ? `${from} → ${to}: ${w.name}` : `${to}: ${w.kind} ${w.name === w.kind ? '' : w.name}`;
  if (d) text += ' ' + d;
  text += `, step ${m.n[i]} at ${seconds(m.t[i], 1e3)} s`;
  if (w.kind === 'message' && c !== undefined) text += `, sent at ${seconds(m.t[c], 1e3)} s in step ${m.n[c]}, on its way ${length(m.t[i] - m.t[c])}`;
  return text;
}

// actText is what was done in the name of a term.
function actText(m, b) {
  const told = [];
  for (let i = lowest(m.et, b.a); i < m.et.length && m.et[i] === b.a; i++) if (m.es[i] === b.s) told.push(m.events.texts[m.events.text[i]]);
  return told.join('; ') || `done in the name of term ${b.k}`;
}

// thing is what a mark in the picture stands for: when, which step, in words.
function thing(id) {
  const [r, kind, ...rest] = id.split(':'), run = r === 'a' ? A : B, key = rest.join(':');
  if (kind === 'step') {
    const i = run.place.get(+key);
    return i === undefined ? null : { id, run, at: run.t[i], step: +key, text: stepText(run, i) };
  }
  if (kind === 'event') {
    const i = +key, e = run.events;
    return { id, run, at: run.et[i], step: run.es[i], text: `${seconds(run.et[i], 1e3)} s, step ${run.es[i]}: ${e.texts[e.text[i]]}` };
  }
  if (kind === 'fault') return ofBar(id, run, run.faults[+key], 'fault: ');
  if (kind === 'mark') {
    const k = run.marks[+key];
    return { id, run, at: k.at, step: k.step, text: `✗ ${k.property}, ${seconds(k.at, 1e6)} s: ${k.detail}` };
  }
  const cut = key.split('/'), lane = run.lanes.find((l) => l.name === cut.slice(0, -2).join('/'));
  const b = lane && lane.rows[+cut[cut.length - 2]].bars[+cut[cut.length - 1]];
  if (b && b.c === 'act') return { id, run, at: b.a, step: b.s, text: `${seconds(b.a, 1e6)} s: ${actText(run, b)}` };
  return b ? ofBar(id, run, b, lane.name + ': ') : null;
}
function ofBar(id, run, b, before) {
  const when = b.a === b.b ? `${seconds(b.a, 1e6)} s` : `${seconds(b.a, 1e6)} s to ${b.o ? 'the end' : seconds(b.b, 1e6) + ' s'} (${length(b.b - b.a)})`;
  return { id, run, at: b.a, step: b.s, key: b.k, text: `${before}${b.t || b.l}${b.t && b.l && !b.t.includes(b.l) ? ' (' + b.l + ')' : ''}, ${when}${b.e ? ', ' + b.e : ''}` };
}

function pick(t) {
  state.picked = t;
  state.chain = null;
  if (t) {
    reveal(t.at);
    state.cursor = t.at;
    if (t.step && t.run.place.has(t.step)) state.chain = { run: t.run, steps: chainOf(t.run, t.step), of: t.step };
  } else {
    state.cursor = null;
  }
  draw();
  describe();
}

function describe() {
  const t = state.picked, box = $('details');
  if (!t) {
    box.textContent = 'Click on something, or go through the events with j and k. ? shows all keys.';
    return;
  }
  const name = B ? (t.run === A ? 'A: ' : 'B: ') : '';
  box.innerHTML = esc(name + t.text);
  const i = t.step ? t.run.place.get(t.step) : undefined, c = i === undefined ? undefined : causeOf(t.run, i);
  if (c !== undefined) {
    const b = document.createElement('button');
    b.id = 'cause';
    b.textContent = `its cause: step ${t.run.n[c]}`;
    b.onclick = () => pick(thing(keyOf(t.run, 'step', t.run.n[c])));
    box.append(' ', b);
  }
}

const most = 250; // lines of the list

function drawList() {
  const rows = [], searching = state.query !== '';
  let count = 0;
  if (searching) {
    count = state.hits.length;
    for (const h of state.hits.slice(Math.max(0, state.hit - most / 2), Math.max(0, state.hit - most / 2) + most)) rows.push(thing(h.id));
  } else {
    for (const m of shown()) {
      const a = lowest(m.et, state.from), z = lowest(m.et, state.to + 1);
      count += z - a;
      for (let i = a; i < Math.min(z, a + most); i++) rows.push(thing(keyOf(m, 'event', i)));
    }
    rows.sort((p, q) => p.at - q.at);
    rows.length = Math.min(rows.length, most);
  }
  $('list-title').textContent = searching ? `Found: ${count}` : `Events in view: ${count}`;
  const text = (t) => esc((B ? (t.run === A ? 'A  ' : 'B  ') : '') + (t.id.includes(':event:') ? t.text.slice(t.text.indexOf(': ') + 2) : t.text));
  $('list').tBodies[0].innerHTML = rows.map((t) => `<tr data-k="${esc(t.id)}"${state.picked && state.picked.id === t.id ? ' class="sel" aria-selected="true"' : ''}><td>${seconds(t.at, 1e6)} s</td><td>${t.step || ''}</td><td>${text(t)}</td></tr>`).join('');
  $('list-more').textContent = count > rows.length ? `${count - rows.length} more: ${searching ? 'search for more words' : 'zoom in'}` : count ? '' : searching ? 'nothing' : 'nothing happened here';
  const sel = $('list').querySelector('tr.sel');
  if (sel) $('list-box').scrollTop = Math.max(0, sel.offsetTop - 120);
}

// search finds words in events, steps, bars, faults and violations; all of
// them must be there.
function search(query) {
  state.query = query.trim().toLowerCase();
  state.hits = [];
  state.hit = -1;
  const words = state.query.split(/\s+/);
  const fits = (text) => words.every((w) => text.toLowerCase().includes(w));
  if (state.query) {
    for (const m of shown()) {
      const add = (id, at) => state.hits.push({ id, at });
      const told = m.events.texts.map(fits);
      m.events.text.forEach((t, i) => { if (told[t]) add(keyOf(m, 'event', i), m.et[i]); });
      m.n.forEach((n, i) => { const w = whatOf(m, i); if (fits(`${w.kind} ${w.name} ${m.steps.details[m.steps.detail[i]]} ${stepLane(m, i)}`)) add(keyOf(m, 'step', n), m.t[i]); });
      m.faults.forEach((f, i) => { if (fits(f.t + ' ' + f.l)) add(keyOf(m, 'fault', i), f.a); });
      m.marks.forEach((k, i) => { if (fits(k.property + ' ' + k.detail)) add(keyOf(m, 'mark', i), k.at); });
      m.lanes.forEach((l) => l.rows.forEach((r, j) => r.bars.forEach((b, i) => { if (r.kind === 'bar' && fits(`${b.t || ''} ${b.l || ''}`)) add(keyOf(m, 'bar', `${l.name}/${j}/${i}`), b.a); })));
    }
    state.hits.sort((p, q) => p.at - q.at);
  }
  found();
}
function found() {
  $('found').textContent = !state.query ? '' : state.hits.length ? `${state.hit < 0 ? '' : state.hit + 1 + ' of '}${state.hits.length}` : 'nothing';
}
function nextHit(by) {
  if (!state.hits.length) return;
  state.hit = state.hit < 0 ? Math.max(0, state.hits.findIndex((h) => h.at >= state.from)) : (state.hit + by + state.hits.length) % state.hits.length;
  found();
  pick(thing(state.hits[state.hit].id));
}

// nextEvent goes through the events, from what is picked or from the middle.
function nextEvent(by) {
  const m = state.picked ? state.picked.run : shown()[0];
  if (!m.et.length) return;
  let i;
  if (state.picked && state.picked.id.includes(':event:')) i = +state.picked.id.split(':')[2] + by;
  else i = lowest(m.et, state.picked ? state.picked.at : state.from) - (by < 0 ? 1 : 0);
  if (i >= 0 && i < m.et.length) pick(thing(keyOf(m, 'event', i)));
}
