package wire

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// plain is every struct of this package that is sent or stored.
var plain = []host.Digester{
	RegisterWorker{}, Heartbeat{}, WorkerSchedulerStateResponse{}, WorkerLatestState{}, DriverStateChanged{},
	RegisteredWorker{}, RegisterWorkerFailed{}, MasterInStandby{}, MasterChanged{}, ReconnectWorker{},
	LaunchDriver{}, KillDriver{}, DriverStateAck{}, HeartbeatAck{},
	RequestSubmitDriver{}, SubmitDriverResponse{}, RequestKillDriver{}, KillDriverResponse{},
	RequestDriverStatus{}, DriverStatusResponse{},
	Desc{}, DriverRecord{}, WorkerRecord{}, TermRecord{}, DriverOnWorker{},
	Job{}, AppDesc{}, AppRecord{}, RetiredWorker{}, ExecutorOnWorker{}, ExecutorStateChanged{}, WorkerDecommissioning{}, ExecutorStateAck{}, LaunchExecutor{}, KillExecutor{}, ApplicationFinished{}, DecommissionWorker{}, RegisterApplication{}, RegisteredApplication{}, UnregisterApplication{}, UnregisteredApplication{}, MasterChangeAcknowledged{}, ExecutorAdded{}, ExecutorUpdated{}, WorkerRemoved{}, ApplicationRemoved{}, RequestExecutors{}, KillExecutors{}, ExecutorsResponse{}, RegisterExecutor{}, RegisteredExecutor{}, LaunchTask{}, StatusUpdate{}, StopExecutor{}, WatchWorker{}, DriverLease{}, Deposit{}, DepositResponse{}, ExecutorHeartbeat{}, ExecutorHeartbeatResponse{},
}

// filled returns a copy of v in which every field has a value of its own, the
// n-th leaf "n" or n, and every slice two elements.
func filled[T any](v T) T {
	p := reflect.New(reflect.TypeOf(v)).Elem()
	n := 0
	fill(p, &n)
	return p.Interface().(T)
}

func fill(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
		return
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
		return
	}
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("f", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		v.SetInt(int64(*n))
	}
}

// eachChange calls f once for every way to change v in one place: each leaf
// flipped, each slice shortened, lengthened and turned round.
func eachChange(v reflect.Value, path string, f func(path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachChange(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachChange(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
		was := v.Interface()
		with := func(what string, s reflect.Value) {
			v.Set(s)
			f(path + " " + what)
			v.Set(reflect.ValueOf(was))
		}
		with("shortened", v.Slice(0, v.Len()-1))
		with("lengthened", reflect.Append(v, v.Index(0)))
		round := reflect.MakeSlice(v.Type(), 0, 2)
		with("turned round", reflect.Append(round, v.Index(1), v.Index(0)))
	case reflect.String:
		was := v.String()
		v.SetString(was + "x")
		f(path)
		v.SetString(was)
	case reflect.Bool:
		v.SetBool(!v.Bool())
		f(path)
		v.SetBool(!v.Bool())
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
		f(path)
		v.SetUint(v.Uint() - 1)
	default:
		v.SetInt(v.Int() + 1)
		f(path)
		v.SetInt(v.Int() - 1)
	}
}

func sum(v any) uint64 {
	var d host.Digest
	v.(host.Digester).Digest(&d)
	return d.Sum()
}

func TestEveryFieldCountsInTheDigest(t *testing.T) {
	for _, v := range plain {
		t.Run(reflect.TypeOf(v).Name(), func(t *testing.T) {
			p := reflect.New(reflect.TypeOf(v)).Elem()
			n, changes := 0, 0
			fill(p, &n)
			before := sum(p.Interface())
			eachChange(p, "", func(path string) {
				changes++
				require.NotEqual(t, before, sum(p.Interface()), "%s does not count", path)
			})
			require.Equal(t, before, sum(p.Interface()))
			require.GreaterOrEqual(t, changes, n)
		})
	}
}

// The test above must be able to fail: this digest forgets a field.
type forgetful struct{ A, B string }

func (f forgetful) Digest(d *host.Digest) { d.Str(f.A) }

func TestAForgottenFieldIsFound(t *testing.T) {
	v := reflect.ValueOf(&forgetful{A: "a", B: "b"}).Elem()
	before, missed := sum(v.Interface()), ""
	eachChange(v, "", func(path string) {
		if sum(v.Interface()) == before {
			missed += path
		}
	})
	require.Equal(t, ".B", missed)
}

func TestMessagesArePlainData(t *testing.T) {
	for _, v := range plain {
		require.Empty(t, host.CheckPlain(reflect.TypeOf(v)), reflect.TypeOf(v).Name())
	}
}

func TestMessagesAreNamedAsTheirStructs(t *testing.T) {
	messages := 0
	for _, v := range plain {
		if m, ok := v.(host.Message); ok {
			messages++
			require.Equal(t, reflect.TypeOf(v).Name(), m.Name())
			require.Contains(t, numbers, m.Name())
		}
	}
	require.Len(t, numbers, messages)
}
