package simctl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/sim/kernel"
)

// overrideNames are what run.json calls what is forced, before "/STEP".
var overrideNames = map[kernel.Do]string{kernel.Drop: "drop", kernel.Delay: "delay", kernel.Redraw: "redraw"}

// overrideFile is overrides as run.json has them.
func overrideFile(os []kernel.Override) []reports.Override {
	var out []reports.Override
	for _, o := range os {
		out = append(out, reports.Override{Choice: fmt.Sprintf("%s/%d", overrideNames[o.Do], o.Step), Value: o.Value})
	}
	return out
}

// parseOverrides is the inverse of overrideFile.
func parseOverrides(list []reports.Override) ([]kernel.Override, error) {
	var out []kernel.Override
	for _, l := range list {
		name, step, _ := strings.Cut(l.Choice, "/")
		n, err := strconv.ParseUint(step, 10, 64)
		o := kernel.Override{Step: n, Value: l.Value}
		for do, known := range overrideNames { //det:allow one matches at most
			if known == name {
				o.Do = do
			}
		}
		if err != nil || o.Do == 0 {
			return nil, fmt.Errorf("overrides: %q: this build can force drop/STEP, delay/STEP and redraw/STEP", l.Choice)
		}
		out = append(out, o)
	}
	return out, nil
}

// ParseDrop reads the number of a step whose delivery is to be lost.
func ParseDrop(text string) (kernel.Override, error) {
	n, err := ParseSeed(text)
	if err != nil || n == 0 {
		return kernel.Override{}, fmt.Errorf("--drop=%s: want a step's number, from 1", text)
	}
	return kernel.Override{Step: n, Do: kernel.Drop}, nil
}

// ParseDelay reads "STEP=DURATION": how much later a step's delivery is to be.
func ParseDelay(text string) (kernel.Override, error) {
	step, by, ok := strings.Cut(text, "=")
	n, err := ParseSeed(step)
	d, errBy := time.ParseDuration(by)
	if !ok || err != nil || n == 0 || errBy != nil || d <= 0 {
		return kernel.Override{}, fmt.Errorf("--delay=%s: want STEP=DURATION, as 1187=2s", text)
	}
	return kernel.Override{Step: n, Do: kernel.Delay, Value: uint64(d)}, nil
}

// DescribeOverride tells an override in words.
func DescribeOverride(o kernel.Override) string {
	switch o.Do {
	case kernel.Drop:
		return fmt.Sprintf("the delivery of step %d is lost", o.Step)
	case kernel.Delay:
		return fmt.Sprintf("the delivery of step %d comes %s later", o.Step, time.Duration(o.Value))
	}
	return fmt.Sprintf("what is drawn after step %d is drawn from seed %d", o.Step, o.Value)
}
