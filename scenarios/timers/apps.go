package timers

import "time"

// Registration is the time between two attempts of an application to register;
// Spark's is 20 s (StandaloneAppClient.scala).
func (t Timers) Registration() time.Duration { return 2 * t.Register }

// Executor is how long an executor may be silent before its driver takes it for
// lost; Spark's is spark.network.timeout, 120 s.
func (t Timers) Executor() time.Duration { return 2 * t.WorkerTimeout }

// ExecutorBeat is the time between two heartbeats of an executor; Spark's is
// spark.executor.heartbeatInterval, 10 s.
func (t Timers) ExecutorBeat() time.Duration { return t.Register }
