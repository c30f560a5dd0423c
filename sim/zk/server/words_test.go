package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
)

// wordly are the words that are compared, and what differs in them from server
// to server, or from time to time.
var wordly = []string{"ruok", "isro", "srvr", "stat", "cons", "dump", "wchs", "wchc", "wchp", "crst", "srst", "stat", "srvr",
	"gtmk", "stmk\x00\x00\x00\x00\x00\x00\x00\x07", "gtmk", "stmk\x00\x00", "gtmk", "hash", "envi", "icfg", "lsnp", "orst", "obsr", "sysp"}

var passing = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`(?m)^([a-z.]+)=.*$`), "$1="},
	{regexp.MustCompile(`(?m)^Zookeeper version: .*$`), "Zookeeper version"},
	{regexp.MustCompile(`(?s)Connections dump:.*`), ""},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDR"},
	{regexp.MustCompile(`(?m)^Latency min/avg/max: \d+/\d+\.\d+/\d+$`), "Latency"},
	{regexp.MustCompile(`(?m)^(Received|Sent): \d+$`), "$1"},
	{regexp.MustCompile(`(?m)^Proposal sizes last/min/max: .*$`), "Proposal sizes"},
	{regexp.MustCompile(`(lresp|llat|minlat|avglat|maxlat|est)=\d+`), "$1"},
	{regexp.MustCompile(`expire at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC 20\d\d`), "expire at"},
	{regexp.MustCompile(`(?m)^0 expire at:\n`), ""}, // a bucket that was left
	{regexp.MustCompile(`Session Sets \(\d\)`), "Session Sets (n)"},
	{regexp.MustCompile(`sid=0x[0-9a-f]+`), "sid"},
	{regexp.MustCompile(`0x[0-9a-f]{10,}`), "SESSION"},
}

// asked is what a server says to every word after the same has happened to it.
func asked(t *testing.T, s *site) []string {
	order := s.roles()
	c, _ := dialRaw(t, s.addrs[order[0]], 0, nil)
	for _, o := range []struct {
		typ  int32
		body []byte
	}{{jute.OpCreate, create("/e", jute.FlagEphemeral)}, {jute.OpExists, pathWatch("/w")}, {jute.OpExists, pathWatch("/e")}} {
		_, _, err := c.call(t, o.typ, o.body)
		require.NoError(t, err)
	}
	s.level(t)
	var all []string
	for _, i := range order[:min(2, len(order))] {
		for _, w := range wordly {
			said := word(s.addrs[i], w)
			for _, p := range passing {
				said = p.what.ReplaceAllString(said, p.as)
			}
			lines := strings.Split(said, "\n")
			if w == "cons" || w == "stat" { // in the order of a hash table
				sortClients(lines)
			}
			all = append(all, w+":\n"+strings.Join(lines, "\n"))
		}
	}
	return all
}

// sortClients moves the line of the connection that asks behind the others.
func sortClients(lines []string) {
	for i := 0; i+1 < len(lines); i++ {
		if strings.Contains(lines[i], "ADDR[0]") && strings.Contains(lines[i+1], "ADDR[1]") {
			lines[i], lines[i+1] = lines[i+1], lines[i]
		}
	}
}

// The four-letter words say what ZooKeeper's say, field by field.
func TestFourLetterWordsSayWhatZooKeepersDo(t *testing.T) {
	needZooKeeper(t)
	for _, servers := range []int{1, 3} {
		o := setting{servers: servers, tick: 2 * time.Second}
		require.Equal(t, asked(t, theirSite(t, o)), asked(t, ourSite(t, o)), "theirs is expected, ours is actual")
	}
}
