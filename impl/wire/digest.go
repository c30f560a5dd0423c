package wire

import "github.com/simctl/simctl/impl/host"

// Digest writes every field into x.
func (d Desc) Digest(x *host.Digest) {
	x.Str(d.Tag)
	x.Str(d.Key)
	x.Int(d.Cores)
	x.Int(d.Memory)
	x.Bool(d.Supervise)
	x.Int(int64(d.RunFor))
	x.Int(d.Status)
	if d.Job != (Job{}) || d.App != (AppDesc{}) { // the digest of a driver without is as it always was
		d.Job.Digest(x)
		d.App.Digest(x)
	}
}

// Digest writes every field into d.
func (r DriverRecord) Digest(d *host.Digest) {
	d.Str(string(r.ID))
	r.Desc.Digest(d)
	d.Str(string(r.State))
	d.Str(string(r.Worker))
	d.Int(r.Attempt)
	d.Bool(r.KillAsked)
}

// Digest writes every field into d.
func (r WorkerRecord) Digest(d *host.Digest) {
	d.Str(string(r.ID))
	d.Str(string(r.Addr))
	d.Int(r.Cores)
	d.Int(r.Memory)
}

// Digest writes every field into d.
func (r TermRecord) Digest(d *host.Digest) {
	d.Int(r.Term)
	d.Str(string(r.Owner))
	d.Uint(r.Nonce)
	d.Bool(r.Released)
}

// Digest writes every field into d.
func (w DriverOnWorker) Digest(d *host.Digest) {
	d.Str(string(w.ID))
	d.Int(w.Attempt)
	d.Str(string(w.State))
	d.Int(w.Cores)
	d.Int(w.Memory)
}

func digestDrivers(d *host.Digest, ws []DriverOnWorker) {
	d.Uint(uint64(len(ws)))
	for i := range ws {
		ws[i].Digest(d)
	}
}

func digestExecutors(d *host.Digest, es []ExecutorOnWorker) {
	if len(es) == 0 { // the digest of a worker without is as it always was
		return
	}
	d.Uint(uint64(len(es)))
	for i := range es {
		es[i].Digest(d)
	}
}

// Digest implements [host.Message].
func (m RegisterWorker) Digest(d *host.Digest) {
	m.Worker.Digest(d)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m Heartbeat) Digest(d *host.Digest) {
	d.Str(string(m.Worker))
	d.Int(m.Term)
	d.Int(m.Beat)
}

// Digest implements [host.Message].
func (m HeartbeatAck) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Int(m.Beat)
}

// Digest implements [host.Message].
func (m WorkerSchedulerStateResponse) Digest(d *host.Digest) {
	d.Str(string(m.Worker))
	d.Int(m.Term)
	digestDrivers(d, m.Drivers)
	digestExecutors(d, m.Executors)
	d.Int(m.Report)
}

// Digest implements [host.Message].
func (m WorkerLatestState) Digest(d *host.Digest) {
	d.Str(string(m.Worker))
	d.Int(m.Term)
	digestDrivers(d, m.Drivers)
	digestExecutors(d, m.Executors)
	d.Int(m.Report)
}

// Digest implements [host.Message].
func (m DriverStateChanged) Digest(d *host.Digest) {
	d.Str(string(m.Worker))
	d.Str(string(m.Driver))
	d.Int(m.Attempt)
	d.Str(string(m.State))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RegisteredWorker) Digest(d *host.Digest) {
	d.Str(string(m.Master))
	d.Int(m.Term)
	d.Bool(m.Duplicate)
	d.Int(m.Decision)
}

// Digest implements [host.Message].
func (m RegisterWorkerFailed) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Str(m.Reason)
}

// Digest implements [host.Message].
func (m MasterInStandby) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (m MasterChanged) Digest(d *host.Digest) {
	d.Str(string(m.Master))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ReconnectWorker) Digest(d *host.Digest) {
	d.Str(string(m.Master))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m LaunchDriver) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Str(string(m.Driver))
	d.Int(m.Attempt)
	m.Desc.Digest(d)
	d.Int(m.Decision)
	d.Str(string(m.Worker))
	d.Int(m.Entry)
}

// Digest implements [host.Message].
func (m KillDriver) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Str(string(m.Driver))
	d.Int(m.Attempt)
	d.Int(m.Decision)
}

// Digest implements [host.Message].
func (m DriverStateAck) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Str(string(m.Driver))
	d.Int(m.Attempt)
	d.Str(string(m.State))
}

// Digest implements [host.Message].
func (m RequestSubmitDriver) Digest(d *host.Digest) {
	d.Int(m.Req)
	m.Desc.Digest(d)
}

// Digest implements [host.Message].
func (m SubmitDriverResponse) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Bool(m.OK)
	d.Bool(m.NotAlive)
	d.Str(string(m.Driver))
	d.Str(m.Reason)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RequestKillDriver) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(string(m.Driver))
}

// Digest implements [host.Message].
func (m KillDriverResponse) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Bool(m.OK)
	d.Bool(m.NotAlive)
	d.Str(m.Reason)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RequestDriverStatus) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(string(m.Driver))
}

// Digest implements [host.Message].
func (m DriverStatusResponse) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Bool(m.NotAlive)
	d.Bool(m.Found)
	d.Str(string(m.State))
	d.Int(m.Attempt)
	d.Str(string(m.Worker))
	d.Str(m.Reason)
	d.Int(m.Term)
}
