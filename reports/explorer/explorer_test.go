package explorer_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/reports/chromium"
	"github.com/simctl/simctl/reports/explorer"
	"github.com/simctl/simctl/reports/explorer/walk"
	"github.com/simctl/simctl/reports/site"
)

// A door is a system of two people and a door with a <lock>, which may be left
// out. Two in the room are one too many; who leaves an empty room falls.
type door struct{ lock bool }

// A room is who is in it, a bit each, and how often the door was used.
type room struct{ in, used uint8 }

func (door) Initial() []room { return []room{{}, {in: 2}} }

func (d door) Actions(s room, dst []explore.Action) []explore.Action {
	for i := range uint64(2) {
		if s.in>>i&1 == 0 && (!d.lock || s.in == 0) {
			dst = append(dst, explore.Action{ID: 0x10 + i})
		}
		if s.in>>i&1 == 1 {
			dst = append(dst, explore.Action{ID: 0x20 + i})
		}
	}
	if s.in == 0 && s.used > 0 {
		dst = append(dst, explore.Action{ID: 0x30})
	}
	return dst
}

func (door) Apply(s room, a explore.Action) room {
	switch a.ID &^ 1 {
	case 0x30:
		panic("nobody <is> there")
	case 0x20:
		s.in &^= 1 << (a.ID & 1)
	default:
		s.in |= 1 << (a.ID & 1)
	}
	s.used = min(s.used+1, 3)
	return s
}

func (door) Digest(s room) uint64 { return 1 + uint64(s.in)<<8 + uint64(s.used) }

func (door) Check(s room) (property, detail string) {
	if s.in == 3 {
		return "one-at-a-time", "a & b are in <the> room"
	}
	return "", ""
}

func (door) Describe(_ room, a explore.Action) string {
	who := string(rune('a' + a.ID&1))
	return who + map[uint64]string{0x10: " comes <in>", 0x20: " goes out", 0x30: " leaves whom nobody saw"}[a.ID&^1]
}

// tell says what is seen in a room.
func tell(s room) string {
	text := "room <one>\n"
	for i := range 2 {
		text += fmt.Sprintf("  %c is %s\n", 'a'+i, []string{"outside", "inside"}[s.in>>i&1])
	}
	return text + fmt.Sprintf("door\n  used %d times\n", s.used)
}

// begin is what a door's addresses say of it.
func begin(v url.Values) (door, error) {
	d := door{lock: v.Get("lock") != "no"}
	for name := range v {
		if name != "lock" {
			return d, fmt.Errorf("a door has no %q; it has lock", name)
		}
	}
	return d, nil
}

// pages are those of a site without runs, with two systems.
func pages(t testing.TB) http.Handler {
	s, err := site.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	explorer.Add(s, []explorer.System{
		{Name: "door", Doc: "a room for <one>", Bounds: []explorer.Bound{{Name: "lock", Default: "yes", Says: "of the door"}},
			Start: func(v url.Values) (explorer.Walk, error) {
				d, err := begin(v)
				return walk.New(d, tell), err
			}},
		{Name: "plain", Doc: "the same, whose states nobody can read", Start: func(v url.Values) (explorer.Walk, error) {
			d, err := begin(v)
			return walk.New(d, nil), err
		}},
	})
	return s
}

// get is an answer: its status, where it leads to and its page.
func get(t testing.TB, h http.Handler, target string) (status int, to, page string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	require.NoError(t, err)
	path, query, _ := strings.Cut(target, "?")
	req.URL.Path, req.URL.RawQuery = path, query
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

var (
	unseen = regexp.MustCompile(`(?s)^.*<h1>|<script.*?</script>|</?(html|body)[^>]*>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[ \t]*\n\s*`)
)

// TestPages asks for addresses: "html" shows the page as it is, without what
// every page of the site has, "text" what is read on it.
func TestPages(t *testing.T) {
	h := pages(t)
	datadriven.RunTest(t, "testdata/pages.txt", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for target := range strings.Lines(d.Input) {
			status, to, page := get(t, h, strings.TrimSpace(target))
			fmt.Fprintf(&out, "%d %s\n", status, to)
			if to != "" {
				continue
			}
			page = unseen.ReplaceAllString(page, "")
			if d.Cmd == "text" {
				page = html.UnescapeString(tags.ReplaceAllString(page, ""))
			}
			out.WriteString(strings.TrimSpace(spaces.ReplaceAllString(page, "\n")) + "\n")
		}
		return out.String()
	})
}

// FuzzAddress: every address is answered, with a reason if there is no such
// place, and leads to another one at most once.
func FuzzAddress(f *testing.F) {
	for _, query := range []string{
		"", "path=0.1", "path=0,1 0", "path=-1", "path=99999999999999999999", "path=0x1", "start=1&path=0", "start=2", "start=x", "lock=no&path=0.0", "lock=&path=",
		"actions=10.20", "actions=31", "actions=zz&path=", "path=0&path=1", "a;b", "%zz", "path=%00", "lock=no&lock=yes&start=01", "path=...", "key=1", "path=0.0.2",
	} {
		f.Add(query)
	}
	h := pages(f)
	f.Fuzz(func(t *testing.T, query string) {
		status, to, page := get(t, h, "/explore/door?"+query)
		if status == http.StatusSeeOther {
			require.True(t, strings.HasPrefix(to, "/explore/door"), to)
			status, to, page = get(t, h, to)
			require.Empty(t, to)
		}
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status)
		require.Equal(t, status == http.StatusBadRequest, strings.Contains(page, `role="alert"`))
		require.NotContains(t, page, "<lock>")
	})
}

// TestLongPaths: as many steps as are allowed are walked, and one more is too much.
func TestLongPaths(t *testing.T) {
	h := pages(t)
	status, _, page := get(t, h, "/explore/door?path=0"+strings.Repeat(".0", 1999))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "State after step 2000: a goes out")
	status, _, page = get(t, h, "/explore/door?path=0"+strings.Repeat(".0", 2000))
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, page, "a path has up to 2000 steps, and this one 2001")
}

// looker presses the keys that stand with a page, and tells what a person sees.
const looker = `<!doctype html>%s<pre id="seen"></pre><script>
window.onerror = (m) => { seen.textContent += 'ERROR ' + m + '\n'; };
window.onload = () => {
  for (const f of document.querySelectorAll('iframe')) {
    const d = f.contentDocument, w = f.contentWindow, say = (s) => { seen.textContent += s + '\n'; };
    say(f.style.width + (d.scrollingElement.scrollWidth > d.scrollingElement.clientWidth ? ' too wide' : ''));
    const tops = ['next', 'state', 'path'].map((id) => d.getElementById(id).getBoundingClientRect().top);
    say(tops.every((x) => x === tops[0]) ? 'side by side' : 'one below the other');
    say([...d.querySelectorAll('#state summary')].map((e) => e.textContent + (e.parentElement.open ? ' open' : ' folded')).join(', '));
    say('nameless: ' + [...d.querySelectorAll('input:not([type=hidden]), button, a')].filter((e) => !e.textContent.trim() && !e.labels.length).length);
    d.addEventListener('click', (e) => { e.preventDefault(); say('  goes to ' + e.target.closest('a').getAttribute('href')); });
    for (const key of f.dataset.script.split(' ')) {
      say(key);
      d.body.dispatchEvent(new w.KeyboardEvent('keydown', { key, bubbles: true }));
    }
  }
};
</script>`

// TestKeysInABrowser: a page of a few choices and one of many, in three widths.
func TestKeysInABrowser(t *testing.T) {
	s, err := site.New(t.TempDir())
	require.NoError(t, err)
	defer s.Close()
	explorer.Add(s, []explorer.System{{Name: "many", Start: func(url.Values) (explorer.Walk, error) { return walk.New(many{}, nil), nil }}})
	_, _, few := get(t, pages(t), "/explore/door?lock=no&path=0")
	_, _, lots := get(t, s, "/explore/many")
	got := chromium.Look(t, looker, []chromium.Frame{
		{Page: []byte(few), Width: 1400, Data: "1 Backspace 2 x"}, {Page: []byte(few), Width: 500, Data: "0"}, {Page: []byte(lots), Width: 800, Data: "0 1 Enter 1 2 4 Escape Backspace"},
	})
	require.Equal(t, strings.TrimLeft(`
1400px
side by side
room <one> open, door open
nameless: 0
1
  goes to /explore/door?lock=no&path=0.1
Backspace
  goes to /explore/door?lock=no
2
x
500px
one below the other
room <one> open, door open
nameless: 0
0
  goes to /explore/door?lock=no&path=0.0
800px
one below the other

nameless: 0
0
  goes to /explore/many?path=0
1
Enter
  goes to /explore/many?path=1
1
2
  goes to /explore/many?path=12
4
  goes to /explore/many?path=4
Escape
Backspace
`, "\n"), got)
}

// many is a system with thirty choices.
type many struct{ door }

func (many) Actions(_ room, dst []explore.Action) []explore.Action {
	for i := range uint64(30) {
		dst = append(dst, explore.Action{ID: 0x10 + i<<8})
	}
	return dst
}
