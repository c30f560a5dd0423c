package wire

import "github.com/simctl/simctl/impl/host"

// Digest writes every field into d.
func (m Job) Digest(d *host.Digest) {
	d.Str(string(m.Kind))
	d.Int(m.Stages)
	d.Int(m.Tasks)
	d.Int(int64(m.Task))
	d.Int(m.Amount)
	d.Str(string(m.Ledger))
	d.Int(m.Request)
	d.Int(m.Kill)
	if m.RequestAfter != 0 || m.KillAfter != 0 {
		d.Int(int64(m.RequestAfter))
		d.Int(int64(m.KillAfter))
	}
}

// Digest writes every field into d.
func (m AppDesc) Digest(d *host.Digest) {
	d.Str(m.Tag)
	d.Str(m.Key)
	d.Str(string(m.Driver))
	d.Int(m.MaxCores)
	d.Int(m.Cores)
	d.Int(m.Memory)
	d.Int(m.Limit)
}

// Digest writes every field into d.
func (m AppRecord) Digest(d *host.Digest) {
	d.Str(string(m.ID))
	m.Desc.Digest(d)
	d.Str(string(m.State))
	d.Int(m.Target)
	d.Int(m.Next)
	d.Int(m.Failures)
	d.Int(m.Start)
}

// Digest writes every field into d.
func (m RetiredWorker) Digest(d *host.Digest) { m.Worker.Digest(d) }

// Digest writes every field into d.
func (m ExecutorOnWorker) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Str(string(m.State))
	d.Int(m.Cores)
	d.Int(m.Memory)
}

// Digest implements [host.Message].
func (m ExecutorStateChanged) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(string(m.Worker))
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Str(string(m.State))
	d.Int(m.Status)
	d.Str(m.Reason)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m WorkerDecommissioning) Digest(d *host.Digest) {
	d.Str(string(m.Worker))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ExecutorStateAck) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Bool(m.OK)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m LaunchExecutor) Digest(d *host.Digest) {
	d.Str(string(m.Master))
	d.Int(m.Term)
	d.Str(string(m.App))
	d.Int(m.ID)
	m.Desc.Digest(d)
	d.Int(m.Cores)
	d.Int(m.Memory)
	d.Int(m.Decision)
	d.Str(string(m.Worker))
	d.Int(m.Entry)
}

// Digest implements [host.Message].
func (m KillExecutor) Digest(d *host.Digest) {
	d.Str(string(m.Master))
	d.Int(m.Term)
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Int(m.Decision)
}

// Digest implements [host.Message].
func (m ApplicationFinished) Digest(d *host.Digest) {
	d.Int(m.Term)
	d.Str(string(m.App))
	d.Int(m.Decision)
}

// Digest implements [host.Message].
func (m DecommissionWorker) Digest(d *host.Digest) {
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RegisterApplication) Digest(d *host.Digest) {
	m.Desc.Digest(d)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RegisteredApplication) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Str(string(m.Master))
	d.Int(m.Term)
	d.Int(m.Decision)
}

// Digest implements [host.Message].
func (m UnregisterApplication) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m UnregisteredApplication) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m MasterChangeAcknowledged) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ExecutorAdded) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Str(string(m.Worker))
	d.Str(string(m.Addr))
	d.Int(m.Cores)
	d.Int(m.Memory)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ExecutorUpdated) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Str(string(m.State))
	d.Int(m.Status)
	d.Str(m.Reason)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m WorkerRemoved) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Str(string(m.Worker))
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ApplicationRemoved) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Str(string(m.State))
	d.Str(m.Reason)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RequestExecutors) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(string(m.App))
	d.Int(m.Total)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m KillExecutors) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(string(m.App))
	d.Uint(uint64(len(m.IDs)))
	for _, id := range m.IDs {
		d.Int(id)
	}
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m ExecutorsResponse) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Bool(m.OK)
	d.Int(m.Term)
}

// Digest implements [host.Message].
func (m RegisterExecutor) Digest(d *host.Digest) {
	d.Str(string(m.App))
	d.Int(m.ID)
	d.Str(string(m.Worker))
	d.Int(m.Cores)
}

// Digest implements [host.Message].
func (m RegisteredExecutor) Digest(d *host.Digest) {
	d.Bool(m.OK)
	d.Str(m.Reason)
}

// Digest implements [host.Message].
func (m LaunchTask) Digest(d *host.Digest) {
	d.Int(m.Stage)
	d.Int(m.Task)
	d.Int(m.Attempt)
	m.Job.Digest(d)
}

// Digest implements [host.Message].
func (m StatusUpdate) Digest(d *host.Digest) {
	d.Int(m.ID)
	d.Int(m.Stage)
	d.Int(m.Task)
	d.Int(m.Attempt)
	d.Bool(m.OK)
	d.Int(m.Result)
}

// Digest implements [host.Message].
func (m ExecutorHeartbeat) Digest(d *host.Digest) { d.Int(m.ID) }

// Digest implements [host.Message].
func (m ExecutorHeartbeatResponse) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (m StopExecutor) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (m WatchWorker) Digest(d *host.Digest) {
	d.Str(string(m.Process))
}

// Digest implements [host.Message].
func (m DriverLease) Digest(d *host.Digest) { d.Int(int64(m.Until)) }

// Digest implements [host.Message].
func (m Deposit) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Str(m.Account)
	d.Str(m.Key)
	d.Int(m.Amount)
	d.Str(string(m.Driver))
	d.Int(m.Attempt)
}

// Digest implements [host.Message].
func (m DepositResponse) Digest(d *host.Digest) {
	d.Int(m.Req)
	d.Int(m.Balance)
	d.Bool(m.Again)
}
