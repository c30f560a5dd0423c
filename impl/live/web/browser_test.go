package web_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live/web"
	"github.com/simctl/simctl/reports/chromium"
)

// looker shows pages, each in a frame of its width, and writes down what a
// person would see of each: whether it is wider than its frame, its status and
// how that is coloured, and the rows of each table.
const looker = `<!doctype html>%s<pre id="seen"></pre><script>
const lines = [];
window.onload = () => {
  for (const f of document.querySelectorAll('iframe')) {
    const d = f.contentDocument, out = ['wide ' + (d.scrollingElement.scrollWidth > d.scrollingElement.clientWidth)];
    const status = d.querySelector('.status');
    if (status) out.push('status ' + status.textContent + ' ' + f.contentWindow.getComputedStyle(status).color);
    for (const t of d.querySelectorAll('table')) out.push(t.id + ' ' + (t.rows.length - 1) + ' ' + t.rows[1].cells[0].textContent.trim());
    lines.push(out.join('; '));
  }
  seen.textContent = lines.join('\n');
};
</script>`

// A view is a page in a window of some width.
type view struct {
	url   string
	width int
}

// inBrowser is what headless Chromium sees of each page.
func inBrowser(t *testing.T, views []view) []string {
	t.Helper()
	var frames []chromium.Frame
	for _, v := range views {
		_, text := ask(t, "GET", v.url+"/", "")
		text = strings.Replace(text, `<meta http-equiv="refresh" content="2">`, "", 1) // or it is never loaded for good
		frames = append(frames, chromium.Frame{Page: []byte(text), Width: v.width})
	}
	return strings.Split(chromium.Look(t, looker, frames), "\n")
}

// TestPagesInABrowser looks at both pages in a wide and a narrow window, and at
// a master in every other state.
func TestPagesInABrowser(t *testing.T) {
	long := sample()
	long.ActiveDrivers[0].MainClass = strings.Repeat("org.example.", 12) + "Main"
	master, worker := serveMaster(t, long), serveWorker(t, sampleWorker())
	kills, err := web.ServeMaster(":0", func() (web.Master, error) { return long, nil }, &web.Kills{})
	require.NoError(t, err)
	defer kills.Close()
	views := []view{{master, 1400}, {master, 800}, {worker, 1400}, {worker, 800}, {"http://" + kills.Addr, 1400}, {"http://" + kills.Addr, 800}}
	for _, state := range []string{"STANDBY", "RECOVERING", "SUSPENDED"} {
		views = append(views, view{serveMaster(t, web.Master{Status: state}), 800})
	}
	const full = "wide false; status ALIVE rgb(10, 107, 45); workers 2 worker-1; activeapps 1 app-1; " +
		"activedrivers 1 driver-1; completedapps 1 app-0; completeddrivers 1 driver-0"
	buttons := strings.NewReplacer("app-1", "app-1 kill", "driver-1", "driver-1 kill").Replace(full)
	const onWorker = "wide false; executors 1 7; drivers 1 driver-1; finishedexecutors 1 7"
	const empty = "; workers 1 none; activeapps 1 none; activedrivers 1 none; completedapps 1 none; completeddrivers 1 none"
	require.Equal(t, []string{
		full, full, onWorker, onWorker, buttons, buttons,
		"wide false; status STANDBY rgb(85, 85, 85)" + empty,
		"wide false; status RECOVERING rgb(138, 82, 0)" + empty,
		"wide false; status SUSPENDED rgb(170, 17, 17)" + empty,
	}, inBrowser(t, views))
}
