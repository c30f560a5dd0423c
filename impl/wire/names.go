package wire

// Name implements [host.Message].
func (RegisterWorker) Name() string { return "RegisterWorker" }

// Name implements [host.Message].
func (HeartbeatAck) Name() string { return "HeartbeatAck" }

// Name implements [host.Message].
func (Heartbeat) Name() string { return "Heartbeat" }

// Name implements [host.Message].
func (WorkerSchedulerStateResponse) Name() string { return "WorkerSchedulerStateResponse" }

// Name implements [host.Message].
func (WorkerLatestState) Name() string { return "WorkerLatestState" }

// Name implements [host.Message].
func (DriverStateChanged) Name() string { return "DriverStateChanged" }

// Name implements [host.Message].
func (RegisteredWorker) Name() string { return "RegisteredWorker" }

// Name implements [host.Message].
func (RegisterWorkerFailed) Name() string { return "RegisterWorkerFailed" }

// Name implements [host.Message].
func (MasterInStandby) Name() string { return "MasterInStandby" }

// Name implements [host.Message].
func (MasterChanged) Name() string { return "MasterChanged" }

// Name implements [host.Message].
func (ReconnectWorker) Name() string { return "ReconnectWorker" }

// Name implements [host.Message].
func (LaunchDriver) Name() string { return "LaunchDriver" }

// Name implements [host.Message].
func (KillDriver) Name() string { return "KillDriver" }

// Name implements [host.Message].
func (DriverStateAck) Name() string { return "DriverStateAck" }

// Name implements [host.Message].
func (RequestSubmitDriver) Name() string { return "RequestSubmitDriver" }

// Name implements [host.Message].
func (SubmitDriverResponse) Name() string { return "SubmitDriverResponse" }

// Name implements [host.Message].
func (RequestKillDriver) Name() string { return "RequestKillDriver" }

// Name implements [host.Message].
func (KillDriverResponse) Name() string { return "KillDriverResponse" }

// Name implements [host.Message].
func (RequestDriverStatus) Name() string { return "RequestDriverStatus" }

// Name implements [host.Message].
func (DriverStatusResponse) Name() string { return "DriverStatusResponse" }
