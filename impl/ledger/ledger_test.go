package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/ledger"
	"github.com/simctl/simctl/impl/wire"
)

// start starts a ledger on a disk and lets it read.
func start(files *hosttest.Files, inc uint32) (*hosttest.Host, *ledger.Ledger) {
	l := ledger.New(ledger.Config{Listen: "l1:7090"})
	h := hosttest.New("l1", inc)
	h.Files = files
	h.Start(l)
	settle(h)
	return h, l
}

func settle(h *hosttest.Host) {
	for h.Answer() {
	}
}

func deposit(req int64, account, key string, amount int64) wire.Deposit {
	return wire.Deposit{Req: req, Account: account, Key: key, Amount: amount, Driver: "d1", Attempt: 2}
}

func TestADepositWithAKeyCountsOnceAndOneWithoutEachTime(t *testing.T) {
	for _, c := range []struct {
		key, again string
		balance    int64
	}{
		{"t", "note effect t t d1 m=100 p=2\nto d: DepositResponse{Req:2 Balance:100 Again:true}\n", 100},
		{"", "note effect t d1 n=100 m=200 p=2\nto d: DepositResponse{Req:2 Balance:200 Again:false}\n", 200},
	} {
		h, l := start(hosttest.NewFiles(), 1)
		require.Equal(t, "listen l1:7090\n", h.Take())
		h.Accept("d")
		h.Receive("d", deposit(1, "t", c.key, 100))
		require.NotContains(t, h.Take(), "DepositResponse", "it is not on the disk yet")
		settle(h)
		require.Contains(t, h.Take(), "n=100 m=100 p=2\nto d: DepositResponse{Req:1 Balance:100 Again:false}\n")
		h.Receive("d", deposit(2, "t", c.key, 100))
		settle(h)
		require.Equal(t, c.again, h.Take())
		require.Equal(t, c.balance, l.Balance("t"))
		require.Equal(t, int64(0), l.Balance("other"))
	}
}

func TestAnAccountIsWhatWasAnsweredAfterAnyCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := hosttest.NewFiles()
		h, l := start(files, 1)
		sure, atMost := map[string]int64{}, map[string]int64{} // what was answered, and what was asked
		keys := map[string]bool{}
		req := int64(0)
		conn := func() {
			h.Accept("d")
			h.Take()
		}
		conn()
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0: // it dies, perhaps in the middle of a line
				before := files.Data["ledger"]
				if cut := strings.LastIndex(strings.TrimSuffix(before, "\n"), "\n") + 1; cut < len(before) && rapid.Bool().Draw(t, "torn") && !answered(before[cut:], sure, l) {
					files.Data["ledger"] = before[:rapid.IntRange(cut, len(before)-1).Draw(t, "at")]
				}
				h, l = start(files, 2)
				conn()
			case 1:
				h.Answer()
			default:
				req++
				account := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account")
				key := rapid.SampledFrom([]string{"", "k"}).Draw(t, "key")
				h.Receive("d", deposit(req, account, key, 1))
				if key == "" || !keys[account] {
					atMost[account]++
				}
				keys[account] = keys[account] || key != ""
			}
			for line := range strings.Lines(h.Take()) {
				var account string
				if n, _ := fmt.Sscanf(line, "note effect %s", &account); n == 1 {
					var balance int64
					_, err := fmt.Sscanf(line[strings.Index(line, " m="):], " m=%d", &balance)
					require.NoError(t, err)
					require.GreaterOrEqual(t, balance, sure[account], line)
					sure[account] = balance
				}
			}
			for _, account := range []string{"a", "b"} {
				require.GreaterOrEqual(t, l.Balance(account), sure[account], "an answer is never taken back")
				require.LessOrEqual(t, l.Balance(account), atMost[account])
			}
		}
	})
}

// answered reports whether the last line of the file is in an answer.
func answered(last string, sure map[string]int64, l *ledger.Ledger) bool {
	account := "a"
	if strings.Contains(last, `"account":"b"`) {
		account = "b"
	}
	return sure[account] == l.Balance(account)
}

func TestALedgerThatCannotWriteAnswersNothing(t *testing.T) {
	for _, what := range []string{"append ledger", "sync ledger"} {
		files := hosttest.NewFiles()
		h, _ := start(files, 1)
		h.Accept("d")
		h.Take()
		files.Fail[what] = "disk full"
		h.Receive("d", deposit(1, "t", "", 100))
		settle(h)
		require.Contains(t, h.Take(), "disk full\nexit 1\n")
	}
	files := hosttest.NewFiles()
	files.Fail["read ledger"] = "input/output error"
	h, _ := start(files, 1)
	require.Contains(t, h.Take(), "exit 1")
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, ledger.New(ledger.Config{}), "h", "cfg")
}

func TestALedgerEndsWhenAsked(t *testing.T) {
	h, l := start(hosttest.NewFiles(), 1)
	h.Take()
	l.Signalled(host.Kill)
	require.Empty(t, h.Take())
	h.Terminate()
	require.Equal(t, "exit 143\n", h.Take())
}
