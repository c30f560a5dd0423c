// Keys, the mouse and the buttons.

// jump goes to the next of some moments, around it a view of its length.
function jump(list, by, room) {
  const all = list.slice().sort((p, q) => p.at - q.at);
  if (!all.length) return;
  const now = state.cursor === null ? (by > 0 ? -1 : Infinity) : state.cursor;
  const id = state.picked ? state.picked.id : '';
  const here = all.findIndex((k) => k.id === id);
  let i = here >= 0 ? here + by : by > 0 ? all.findIndex((k) => k.at > now) : all.findLastIndex((k) => k.at < now);
  if (i < 0 || i >= all.length) i = by > 0 ? 0 : all.length - 1;
  const k = all[i];
  if (room) show(k.at - room[0], k.at + room[1]);
  pick(thing(k.id));
}
const violations = (by) => {
  const first = shown().flatMap((m) => m.marks.map((k, i) => ({ id: keyOf(m, 'mark', i), at: k.at })));
  const v = A.marks.length ? A.view : null, span = v && A.marks[0].step ? v[1] - v[0] : end / 10;
  jump(first, by, [span * 0.8, span * 0.2]);
};
const faults = (by) => jump(shown().flatMap((m) => m.faults.map((f, i) => ({ id: keyOf(m, 'fault', i), at: f.a }))), by);
const elections = (by) => jump(shown().flatMap((m) => m.lanes.filter((l) => l.group === 'terms').flatMap((l) => l.rows.flatMap((r, j) => (r.kind === 'band' ? r.bars.map((b, i) => ({ id: keyOf(m, 'bar', `${l.name}/${j}/${i}`), at: b.a })) : [])))), by);

function toggle(name) {
  state[name] = !state[name];
  $('t-' + name).checked = state[name];
  draw();
}
function otherRun() {
  if (!B) return;
  const order = ['both', 'a', 'b'];
  state.other = order[(order.indexOf(state.other) + 1) % 3];
  $('t-other').value = state.other;
  redo();
}
function move(f) {
  f();
  draw();
}

const keys = [
  ['+', '=', 'zoom in', () => move(() => zoom(0.5, state.cursor ?? undefined))],
  ['-', '_', 'zoom out', () => move(() => zoom(2, state.cursor ?? undefined))],
  ['ArrowLeft', 'h', 'earlier', () => move(() => pan(-0.25))],
  ['ArrowRight', 'l', 'later', () => move(() => pan(0.25))],
  ['0', 'Home', 'the whole run', () => move(() => show(0, end))],
  ['v', '', 'the next violation', () => violations(1)],
  ['V', '', 'the violation before', () => violations(-1)],
  ['f', '', 'the next fault', () => faults(1)],
  ['F', '', 'the fault before', () => faults(-1)],
  ['t', '', 'the next term', () => elections(1)],
  ['T', '', 'the term before', () => elections(-1)],
  ['j', '', 'the next event', () => nextEvent(1)],
  ['k', '', 'the event before', () => nextEvent(-1)],
  ['Enter', '', 'zoom to what is picked', () => state.picked && move(() => { const s = (state.to - state.from) / 8; show(state.picked.at - s, state.picked.at + s); })],
  ['u', '', 'up: the cause of what is picked', () => $('cause') && $('cause').click()],
  ['m', '', 'messages, or none', () => toggle('messages')],
  ['b', '', 'beats (pings, heartbeats, timers that set themselves again), or none', () => toggle('beats')],
  ['c', '', 'causes, or none', () => toggle('causes')],
  ['o', '', 'the other run: both, A, B', otherRun],
  ['/', '', 'search', () => $('q').focus()],
  ['n', '', 'the next that was found', () => nextHit(1)],
  ['N', '', 'the one found before', () => nextHit(-1)],
  ['Escape', '', 'forget what is picked and searched', () => { $('q').value = ''; search(''); pick(null); }],
  ['?', '', 'these keys', () => $('help').showModal()],
];

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || $('help').open) return;
  const tag = e.target.tagName;
  if (tag === 'INPUT' && e.target.type === 'search') {
    if (e.key === 'Enter') { nextHit(e.shiftKey ? -1 : 1); e.preventDefault(); }
    if (e.key === 'Escape') { e.target.blur(); keys.find((k) => k[0] === 'Escape')[3](); }
    return;
  }
  const press = e.key === 'Enter' || e.key === ' ';
  if (press && e.target.closest && e.target.closest('[data-group]')) {
    fold(e.target.closest('[data-group]').dataset.group);
    e.preventDefault();
    return;
  }
  if (tag === 'SELECT' || (press && (tag === 'BUTTON' || tag === 'INPUT'))) return;
  const k = keys.find((k) => k[0] === e.key || (k[1] && k[1] === e.key));
  if (!k) return;
  e.preventDefault();
  k[3]();
});

function fold(name) {
  if (state.closed.has(name)) state.closed.delete(name); else state.closed.add(name);
  place();
  draw();
  const g = [...document.querySelectorAll('[data-group]')].find((g) => g.dataset.group === name);
  if (g) g.focus();
}

const local = (e, el) => { const r = el.getBoundingClientRect(); return [((e.clientX - r.left) / r.width) * size.w, e.clientY - r.top]; };

// nearest is the message under the mouse, if one is within a few pixels.
function nearest(px, py) {
  let best = null, least = 7;
  for (const d of drawn) {
    const dx = d.x2 - d.x1, dy = d.y2 - d.y1, t = Math.max(0, Math.min(1, ((px - d.x1) * dx + (py - d.y1) * dy) / (dx * dx + dy * dy || 1)));
    const far = Math.hypot(px - d.x1 - t * dx, py - d.y1 - t * dy);
    if (far < least) [best, least] = [d, far];
  }
  return best && thing(keyOf(best.msg.m, 'step', best.msg.m.n[best.msg.i]));
}

function mouse() {
  let from = null;
  const plot = $('plot');
  plot.addEventListener('pointerdown', (e) => {
    if (e.button) return;
    const [px] = local(e, plot);
    from = { px, x: e.clientX, at: back(px), a: state.from, b: state.to, moved: false, sweep: e.shiftKey, target: e.target, e };
  });
  window.addEventListener('pointermove', (e) => {
    if (!from || Math.abs(e.clientX - from.x) < 4 && !from.moved) return;
    from.moved = true;
    plot.classList.add('drag');
    const [px] = local(e, plot);
    if (from.sweep) {
      drawLanes();
      $('lanes').insertAdjacentHTML('beforeend', `<rect class="sweep" x="${Math.min(px, from.px)}" y="0" width="${Math.abs(px - from.px)}" height="${layout.h}"/>`);
      return;
    }
    const d = ((from.px - px) / (size.w - size.gutter)) * (from.b - from.a);
    move(() => show(from.a + d, from.b + d));
  });
  window.addEventListener('pointerup', (e) => {
    if (!from) return;
    const f = from;
    from = null;
    plot.classList.remove('drag');
    const [px, py] = local(e, plot);
    if (f.moved) {
      if (f.sweep) move(() => show(Math.min(f.at, back(px)), Math.max(f.at, back(px))));
      return;
    }
    const group = f.target.closest('[data-group]'), k = f.target.closest('[data-k]');
    if (group) fold(group.dataset.group);
    else if (k) pick(thing(k.dataset.k));
    else pick(nearest(px, py));
  });
  plot.addEventListener('dblclick', (e) => move(() => zoom(0.4, back(local(e, plot)[0]))));
  plot.addEventListener('wheel', (e) => {
    if (e.ctrlKey) move(() => zoom(e.deltaY > 0 ? 1.25 : 0.8, back(local(e, plot)[0])));
    else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) move(() => pan((e.deltaX || e.deltaY) / 800));
    else return;
    e.preventDefault();
  }, { passive: false });
  const over = $('overview');
  over.addEventListener('pointerdown', (e) => {
    const go = (e) => {
      const [px] = local(e, over), at = ((px - size.gutter) / (size.w - size.gutter)) * end, half = (state.to - state.from) / 2;
      move(() => show(at - half, at + half));
    };
    go(e);
    over.setPointerCapture(e.pointerId);
    over.onpointermove = go;
    over.onpointerup = () => { over.onpointermove = null; };
  });
}

function legend() {
  const box = (cls, pattern) => `<svg width="22" height="13" aria-hidden="true"><rect class="cls ${cls}" x="1" y="1" width="20" height="11"/>${pattern ? `<rect fill="url(#p-${pattern})" x="1" y="1" width="20" height="11"/>` : ''}</svg>`;
  const line = (cls) => `<svg width="26" height="13" aria-hidden="true"><path class="${cls}" fill="none" d="M1 7H25"/></svg>`;
  const has = (cls) => [A, B].some((m) => m && m.lanes.some((l) => l.rows.some((r) => r.bars.some((b) => b.c.split(' ').includes(cls)))));
  const list = [
    ['standby', 'Standby'], ['recovering', 'Recovering', 'hatch'], ['completingrecovery', 'CompletingRecovery', 'dense'], ['alive', 'Alive'], ['suspended', 'Suspended', 'dots'],
    ['looking', 'looking', 'dots'], ['follower', 'follower'], ['leader', 'leader'], ['registered', 'registered'], ['down', 'down'], ['paused', 'stands still', 'hatch'],
    ['driver', 'driver'], ['executor', 'executor'], ['submit', 'asked, until answered'], ['znode', 'asked, until answered'], ['finish', 'a job has ended, until a master accepts it'],
  ].filter((x) => has(x[0])).map(([cls, name, pattern]) => `<span>${box(['submit', 'finish', 'znode'].includes(cls) ? 'op ' + cls : cls, pattern)}${name}</span>`);
  if (has('session')) list.push(`<span>${line('legend-session')}session (✗ expired)</span>`, has('cut') ? `<span>${box('cut')}its client has no connection</span>` : '');
  if (A.faults.length) list.push(`<span>${box('faultbar')}fault; its lanes are shaded</span>`);
  if (A.quorum.length) list.push(`<span>${box('noquorum')}no quorum</span>`);
  if (has('act')) list.push(`<span>${line('act')}done in a term</span>`);
  if (A.steps.all) list.push(`<span>${line('msg rpc')}message</span>`, `<span>${line('msg zk')}of a ZooKeeper client</span>`, `<span>${line('msg zab')}between its servers</span>`);
  if (A.slice.length) list.push(`<span>${line('cause')}the violation comes of it: sent or set</span>`, `<span>${line('cause of')}in another way</span>`);
  if (data.part) list.push(`<span>${line('part')}the runs part</span>`);
  $('legend').innerHTML = list.join('');
}

// here goes to the place that the address names: #at=12..12.5 (seconds), and
// &pick=ID, &find=WORDS.
function here() {
  const a = new URLSearchParams(location.hash.slice(1)), at = /^([\d.]+?)\.\.([\d.]+)$/.exec(a.get('at') || '');
  if (at) show(+at[1] * 1e9, +at[2] * 1e9);
  if (a.get('find')) {
    $('q').value = a.get('find');
    search(a.get('find'));
  }
  const t = a.get('pick') && /^[ab]:(step|event|fault|mark|bar):/.test(a.get('pick')) && thing(a.get('pick'));
  if (t) pick(t);
}

function start() {
  $('app').hidden = false;
  for (const name of ['messages', 'beats', 'causes']) {
    $('t-' + name).checked = state[name] && A.steps.all > 0;
    $('t-' + name).disabled = !A.steps.all; // a live run has none
    $('t-' + name).onchange = () => toggle(name);
  }
  $('t-other').onchange = () => { state.other = $('t-other').value; redo(); };
  $('l-other').hidden = !B;
  const click = { 'b-out': '-', 'b-in': '+', 'b-left': 'ArrowLeft', 'b-right': 'ArrowRight', 'b-all': '0', 'b-bad': 'v', 'b-help': '?' };
  for (const id of Object.keys(click)) $(id).onclick = keys.find((k) => k[0] === click[id])[3];
  $('b-bad').disabled = !A.marks.length && !(B && B.marks.length);
  $('q').oninput = () => { search($('q').value); draw(); };
  $('list').onclick = (e) => { const tr = e.target.closest('tr[data-k]'); if (tr) pick(thing(tr.dataset.k)); };
  const shownKey = (k) => ({ ArrowLeft: '←', ArrowRight: '→' }[k] || k);
  $('keys').innerHTML = keys.map((k) => `<tr><td><kbd>${esc(shownKey(k[0]))}</kbd>${k[1] && k[1] !== '=' && k[1] !== '_' ? ` <kbd>${esc(k[1])}</kbd>` : ''}</td><td>${esc(k[2])}</td></tr>`).join('');
  for (const m of [A, B]) if (m) for (const g of new Set(m.lanes.map((l) => l.group))) if (m.lanes.filter((l) => l.group === g).length > 24) state.closed.add(g);
  mouse();
  measure();
  place();
  here();
  redo();
  legend();
  describe();
  let wait;
  window.addEventListener('hashchange', () => { here(); draw(); });
  window.addEventListener('resize', () => { clearTimeout(wait); wait = setTimeout(redo, 60); });
}
start();
