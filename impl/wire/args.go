package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// DriverArgs is what a worker gives to the driver that it starts, as the
// argument of the program.
type DriverArgs struct {
	Driver  DriverID      `json:"driver"`
	Attempt int64         `json:"attempt"`
	RunFor  time.Duration `json:"run_for_ns"`
	Status  int64         `json:"status"` // what it exits with when its time is over
}

// JSON returns the text that [ParseDriverArgs] reads.
func (a DriverArgs) JSON() string {
	b, err := json.Marshal(a)
	if err != nil {
		panic("wire: " + err.Error()) // a struct of strings and integers always has JSON
	}
	return string(b)
}

// ParseDriverArgs reads what [DriverArgs.JSON] wrote. It fails on anything
// else, unknown fields included, and on a driver without a name.
func ParseDriverArgs(text string) (DriverArgs, error) {
	var a DriverArgs
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return DriverArgs{}, fmt.Errorf("driver arguments %q: %w", text, err)
	}
	if d.More() {
		return DriverArgs{}, fmt.Errorf("driver arguments %q: more than one value", text)
	}
	if a.Driver == "" || a.RunFor < 0 {
		return DriverArgs{}, fmt.Errorf("driver arguments %q: no driver, or a negative time", text)
	}
	return a, nil
}
