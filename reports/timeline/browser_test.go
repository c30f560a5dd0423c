package timeline_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/reports/chromium"
	"github.com/simctl/simctl/reports/timeline"
)

// looker shows pages, each in a frame of its width, does to each what a script
// says, and writes down what a person would see. A line of the script is KEY, a
// key to be pressed; "type WORDS" into the search; "click SELECTOR"; "see WHAT".
const looker = `<!doctype html>%s<pre id="seen"></pre><script>
window.onerror = (m) => { seen.textContent += 'ERROR ' + m + '\n'; };
const overlap = (d, what) => {
  const boxes = [...d.querySelectorAll(what)].map((e) => [e.getBoundingClientRect(), e.textContent]);
  const out = [];
  boxes.forEach(([a, s], i) => boxes.slice(i + 1).forEach(([b, t]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) out.push(s + '/' + t);
  }));
  return out.length ? out.join(' ') : 'none';
};
const sees = {
  wide: (d) => d.scrollingElement.scrollWidth > d.scrollingElement.clientWidth,
  lanes: (d) => [...d.querySelectorAll('#lanes text.name')].map((e) => e.textContent).join(' '),
  groups: (d) => [...d.querySelectorAll('#lanes [data-group]')].map((e) => e.textContent.trim() + (e.getAttribute('aria-expanded') === 'true' ? ' open' : ' closed')).join(', '),
  bands: (d) => ['alive', 'standby', 'recovering', 'leader', 'term', 'session', 'faultbar', 'shade'].map((c) => c + ' ' + d.querySelectorAll('#lanes rect.' + c).length).join(', '),
  axis: (d) => [...d.querySelectorAll('#axis text[text-anchor=middle]')].map((e) => e.textContent).filter((t, i, all) => i < 2 || i === all.length - 1).join(' '),
  messages: (d) => d.querySelectorAll('#lanes .msg').length + ' ' + (d.getElementById('too-many') || { textContent: '' }).textContent,
  marks: (d) => [...d.querySelectorAll('#lanes .flag')].map((e) => e.textContent).join(' '),
  causes: (d) => d.querySelectorAll('#lanes .cause').length + ' lines, ' + d.querySelectorAll('#lanes .cause-dot').length + ' dots',
  illegal: (d) => [...d.querySelectorAll('#lanes .op.bad')].map((e) => e.querySelector('title').textContent).join(' '),
  found: (d) => d.getElementById('found').textContent,
  details: (d) => d.getElementById('details').textContent,
  list: (d) => d.getElementById('list-title').textContent + '; ' + [...d.querySelectorAll('#list tbody tr')].slice(0, 2).map((r) => r.cells[2].textContent).join('; '),
  focus: (d) => d.activeElement.id,
  help: (d) => d.getElementById('help').open + ' ' + d.querySelectorAll('#keys tr').length,
  picked: (d) => d.querySelectorAll('#lanes .picked').length,
  colliding: (d) => 'labels ' + overlap(d, '#lanes text.label') + '; axis ' + overlap(d, '#axis text[text-anchor=middle]') + '; violations ' + overlap(d, '#lanes text.flag') + '; lanes ' + overlap(d, '#lanes text.name'),
  nameless: (d) => [...d.querySelectorAll('button, input, select, svg[role=img], [role=application]')].filter((e) => !e.textContent.trim() && !e.getAttribute('aria-label') && !(e.labels && e.labels.length)).length,
  nothing: (d) => !d.getElementById('nothing').hidden,
  second: (d) => d.querySelectorAll('#lanes .run-b rect').length > 0,
};
window.onload = () => {
  const lines = [];
  for (const f of document.querySelectorAll('iframe')) {
    const d = f.contentDocument, w = f.contentWindow;
    for (const line of JSON.parse(f.dataset.script)) {
      const cut = line.indexOf(' '), word = cut < 0 ? line : line.slice(0, cut), rest = line.slice(cut + 1);
      if (word === 'see') lines.push(rest + ': ' + sees[rest](d));
      else if (word === 'type') { d.getElementById('q').value = rest; d.getElementById('q').dispatchEvent(new w.Event('input')); }
      else if (word === 'click') d.querySelector(rest).click();
      else if (word === 'fold') d.querySelector('[data-group="' + rest + '"]').dispatchEvent(new w.KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
      else (word === 'Escape' ? d.activeElement : d.body).dispatchEvent(new w.KeyboardEvent('keydown', { key: word, bubbles: true }));
    }
    lines.push('');
  }
  seen.textContent += lines.join('\n');
};
</script>`

// TestPagesInABrowser plays scripts on pages. A script names the widths of its
// windows and the run: "run" holds the lines of testdata/model.txt's form up to
// an empty line; behind it stands what is done.
func TestPagesInABrowser(t *testing.T) {
	var looks []chromium.Frame
	var want []string
	read := func(d *datadriven.TestData) {
		run, script, _ := strings.Cut("\n"+d.Input, "\nthen\n")
		d.Input = strings.TrimPrefix(run, "\n")
		in := &timeline.Input{}
		if d.Cmd != "empty" {
			in = inputOf(t, d)
		}
		if d.Cmd == "two" {
			in.Other = inputOf(t, d)
			in.Other.Steps = in.Other.Steps[:len(in.Other.Steps)-1]
		}
		html, err := timeline.Page(in)
		require.NoError(t, err)
		for _, width := range d.CmdArgs[0].Vals {
			pixels, err := strconv.Atoi(width)
			require.NoError(t, err)
			data, err := json.Marshal(strings.Split(strings.TrimSpace(script), "\n"))
			require.NoError(t, err)
			looks = append(looks, chromium.Frame{Page: html, Width: pixels, Data: string(data)})
		}
	}
	// All pages are looked at by one browser: the first pass gathers them, the
	// second hands out what was seen.
	gathering := true
	each := func(_ *testing.T, d *datadriven.TestData) string {
		if gathering {
			read(d)
			return d.Expected
		}
		n := len(d.CmdArgs[0].Vals)
		var out []string
		for i, width := range d.CmdArgs[0].Vals {
			out = append(out, width+" px\n"+want[i])
		}
		want = want[n:]
		return strings.Join(out, "\n") + "\n"
	}
	datadriven.RunTest(t, "testdata/browser.txt", each)
	seen := chromium.Look(t, looker, looks)
	require.NotContains(t, seen, "ERROR")
	want = strings.Split(seen, "\n\n")
	want[len(want)-1] = strings.TrimRight(want[len(want)-1], "\n")
	require.Len(t, want, len(looks))
	gathering = false
	datadriven.RunTest(t, "testdata/browser.txt", each)
}

// TestLongPageInABrowser: a page of the greatest length works as any other.
func TestLongPageInABrowser(t *testing.T) {
	html, err := timeline.Page(long(30_000, "x"))
	require.NoError(t, err)
	got := chromium.Look(t, looker, []chromium.Frame{{Page: html, Width: 1400,
		Data: `["see wide", "see marks", "see colliding", "0", "see messages", "v", "see details"]`}})
	require.Contains(t, got, "wide: false\nmarks: ✗ p\ncolliding: labels none; axis none; violations none; lanes none\n")
	require.Contains(t, got, "details: ✗ p, 19.999 s: x")
}
