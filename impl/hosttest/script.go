package hosttest

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/impl/host"
)

// RunScripts runs every datadriven script in a folder against one process. The
// command start is the test's: it makes the machine and the process from the
// command's arguments. The others are
//
//	connect NAME                 a dial is answered
//	accept NAME                  a connection comes in
//	receive NAME MESSAGE         with the message's fields as JSON below
//	break NAME [REASON]          "reset" if none is given
//	advance DURATION
//	stand DURATION               it stands still: the timers of that time ring with the next advance
//	exited CHILD STATUS
//	terminate, decommission
//	timers                       prints what is pending
//	hide NAME...                 notes and messages not to be printed
//	status                       prints what status returns
//
// and print what the process did.
func RunScripts(t *testing.T, dir string, start func(t *testing.T, d *datadriven.TestData) (*Host, host.Process), status func(host.Process) string, messages ...host.Message) {
	datadriven.Walk(t, dir, func(t *testing.T, path string) {
		s := script{messages: map[string]reflect.Type{}, status: status}
		for _, m := range messages {
			s.messages[m.Name()] = reflect.TypeOf(m)
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "start" {
				s.h, s.p = start(t, d)
				s.h.Start(s.p)
				return s.h.Take()
			}
			return s.do(t, d)
		})
	})
}

type script struct {
	h        *Host
	p        host.Process
	messages map[string]reflect.Type
	status   func(host.Process) string
}

func (s *script) do(t *testing.T, d *datadriven.TestData) string {
	arg := func(i int) string {
		if i >= len(d.CmdArgs) {
			d.Fatalf(t, "%s: argument %d is missing", d.Cmd, i+1)
		}
		return d.CmdArgs[i].Key
	}
	switch d.Cmd {
	case "connect":
		s.h.Connect(arg(0))
	case "accept":
		s.h.Accept(arg(0))
	case "receive":
		s.h.Receive(arg(0), s.message(t, d, arg(1)))
	case "break":
		why := host.Reset
		if len(d.CmdArgs) > 1 {
			why = reason(t, d, arg(1))
		}
		s.h.Break(arg(0), why)
	case "advance", "stand":
		by, err := time.ParseDuration(arg(0))
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		map[string]func(time.Duration){"advance": s.h.Advance, "stand": s.h.Stand}[d.Cmd](by)
	case "exited":
		status, err := strconv.Atoi(arg(1))
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.h.Exited(host.ProcessID(arg(0)), status)
	case "terminate":
		s.h.Terminate()
	case "decommission":
		s.h.Decommission()
	case "timers":
		return s.h.Timers()
	case "status":
		return s.status(s.p) + "\n"
	case "hide":
		for _, a := range d.CmdArgs {
			s.h.Hide[a.Key] = true
		}
	default:
		d.Fatalf(t, "no command %s", d.Cmd)
	}
	return s.h.Take()
}

func (s *script) message(t *testing.T, d *datadriven.TestData, name string) host.Message {
	typ, ok := s.messages[name]
	if !ok {
		d.Fatalf(t, "no message %s", name)
	}
	m := reflect.New(typ)
	if d.Input != "" {
		dec := json.NewDecoder(strings.NewReader(d.Input))
		dec.DisallowUnknownFields()
		if err := dec.Decode(m.Interface()); err != nil {
			d.Fatalf(t, "%s: %v", name, err)
		}
	}
	return m.Elem().Interface().(host.Message)
}

func reason(t *testing.T, d *datadriven.TestData, text string) host.Reason {
	for r := host.ClosedByPeer; r <= host.Malformed; r++ {
		if strings.ReplaceAll(r.String(), " ", "-") == text {
			return r
		}
	}
	d.Fatalf(t, "no reason %s", text)
	return 0
}
