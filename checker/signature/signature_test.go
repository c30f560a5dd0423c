package signature_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/signature"
)

func TestSignaturesTellBugsApartAndNotRuns(t *testing.T) {
	tests := []struct {
		name, property, a, b string
		same                 bool
	}{
		{"another write by a master that has been replaced", "at-most-one-acting-master",
			"a write of term 4, zxid 0x200000038, committed after zxid 0x200000027 created term 5: transaction 0x200000038 was committed: delete /spark/x in term 4 (41.468s, step 5398); m1 was elected: term 5 began (40.011s, step 4903)",
			"a write of term 1, zxid 0x10000002b, committed after zxid 0x10000001f created term 2: transaction 0x10000002b was committed: create /spark/y in term 1 (16.508s, step 1890); m2 was elected: term 2 began (14.514s, step 1524)", true},
		{"a write, and an answer", "at-most-one-acting-master",
			"a write of term 1, zxid 0x10000002b, committed after zxid 0x10000001f created term 2: transaction 0x1",
			"term 1 acted without a decision after term 2 was created: m3 acknowledged: status driver-1 in term 1", false},
		{"a record that is gone, and one that is given up", "acked-is-recovered",
			"m1 became Alive in term 5 (40.543s, step 5106) without driver driver-1-2, although m3 acknowledged: submit driver-1-2 in term 1 (5.772s, step 979)",
			"m1 became Alive in term 2 (13.581s, step 1509) with driver driver-1-4 as ERROR, although m3 acknowledged: submit driver-1-4 in term 1 (10.129s, step 1210) and it never had a worker", false},
		{"headless, and stuck", "one-alive-after-heal",
			"no master is Alive: m1 Standby; healed at 40s, bound 46.037s: 1s a + 2s b",
			"no master is Alive: m1 CompletingRecovery; healed at 40s, bound 46.037s: 1s a + 2s b", false},
		{"stuck among two or three", "one-alive-after-heal",
			"no master is Alive: m1 Standby, m2 CompletingRecovery, m3 Standby; healed at 1m0s, bound 54.922s: 1s a",
			"no master is Alive: m1 Standby, m2 CompletingRecovery; healed at 7s, bound 4.922s: 1s a", true},
		{"another job", "jobs-linearizable",
			"job c2-job3, 3 ops: c2 status c2-job3 from 10.959s to 15.002s: ERROR, but no worker that could have had it had come to harm",
			"job a, 34 ops: c1 status a from 11.791s to 14.818s: ERROR, but no worker that could have had it had come to harm", true},
		{"another answer", "jobs-linearizable",
			"job a, 3 ops: c1 status a from 10.959s to 15.002s: ERROR, but no worker that could have had it had come to harm",
			"job a, 3 ops: c1 status a from 10.959s to 15.002s: not found, but the job was known before: c1 submit a from 1s to 2s: driver-1", false},
		{"counted by the master, or by the worker", "accounting-matches",
			"at the end m1 counts 2 cores and 1 MiB in use on worker-1-w2, which itself counts 0 and 0",
			"at the end m1 counts 0 cores and 0 MiB in use on worker-1-w2, which itself counts 2 and 1", false},
		{"more or less of it", "accounting-matches",
			"the worker uses more than it has: w1 counts on worker-1-w1: 6 of 4 cores, 1536 of 4096 MiB in use (54.984s, step 6881)",
			"the worker uses more than it has: w2 counts on worker-1-w2: 8 of 4 cores, 2 of 4096 MiB in use (8.6s, step 653)", true},
		{"what was to be seen", "scenario-is-seen",
			"0 of 1 lines\nsee a told FINISHED: the run does not show it", "1 of 2 lines\nsee a told FINISHED: the run does not show it", true},
		{"another thing that was to be seen", "scenario-is-seen",
			"0 of 1 lines\nsee a told FINISHED: the run does not show it", "0 of 1 lines\nsee a app finished: the run does not show it", false},
		{"another panic", "no-panics", "m1 panicked: index out of range [3]\nframe 1", "m2 panicked: assignment to entry in nil map\nframe 7", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tags := []string{"a", "c1-job1"}
			a := signature.Of(checker.Finding{Property: tt.property, Step: 7, Detail: tt.a}, tags)
			b := signature.Of(checker.Finding{Property: tt.property, Step: 9, Detail: tt.b}, tags)
			if tt.same {
				require.Equal(t, a, b)
			} else {
				require.NotEqual(t, a, b)
			}
		})
	}
	require.NotEqual(t, signature.Of(checker.Finding{Property: "a", Detail: "x"}, nil), signature.Of(checker.Finding{Property: "b", Detail: "x"}, nil))
	require.Equal(t, "at-most-one-acting-master: a write of term #, zxid #, committed after zxid # created term #",
		signature.Of(checker.Finding{Property: tests[0].property, Detail: tests[0].a}, nil))
}
