package wire

// Name implements [host.Message].
func (ExecutorStateChanged) Name() string { return "ExecutorStateChanged" }

// Name implements [host.Message].
func (WorkerDecommissioning) Name() string { return "WorkerDecommissioning" }

// Name implements [host.Message].
func (ExecutorStateAck) Name() string { return "ExecutorStateAck" }

// Name implements [host.Message].
func (LaunchExecutor) Name() string { return "LaunchExecutor" }

// Name implements [host.Message].
func (KillExecutor) Name() string { return "KillExecutor" }

// Name implements [host.Message].
func (ApplicationFinished) Name() string { return "ApplicationFinished" }

// Name implements [host.Message].
func (DecommissionWorker) Name() string { return "DecommissionWorker" }

// Name implements [host.Message].
func (RegisterApplication) Name() string { return "RegisterApplication" }

// Name implements [host.Message].
func (RegisteredApplication) Name() string { return "RegisteredApplication" }

// Name implements [host.Message].
func (UnregisterApplication) Name() string { return "UnregisterApplication" }

// Name implements [host.Message].
func (UnregisteredApplication) Name() string { return "UnregisteredApplication" }

// Name implements [host.Message].
func (MasterChangeAcknowledged) Name() string { return "MasterChangeAcknowledged" }

// Name implements [host.Message].
func (ExecutorAdded) Name() string { return "ExecutorAdded" }

// Name implements [host.Message].
func (ExecutorUpdated) Name() string { return "ExecutorUpdated" }

// Name implements [host.Message].
func (WorkerRemoved) Name() string { return "WorkerRemoved" }

// Name implements [host.Message].
func (ApplicationRemoved) Name() string { return "ApplicationRemoved" }

// Name implements [host.Message].
func (RequestExecutors) Name() string { return "RequestExecutors" }

// Name implements [host.Message].
func (KillExecutors) Name() string { return "KillExecutors" }

// Name implements [host.Message].
func (ExecutorsResponse) Name() string { return "ExecutorsResponse" }

// Name implements [host.Message].
func (RegisterExecutor) Name() string { return "RegisterExecutor" }

// Name implements [host.Message].
func (RegisteredExecutor) Name() string { return "RegisteredExecutor" }

// Name implements [host.Message].
func (LaunchTask) Name() string { return "LaunchTask" }

// Name implements [host.Message].
func (StatusUpdate) Name() string { return "StatusUpdate" }

// Name implements [host.Message].
func (ExecutorHeartbeat) Name() string { return "ExecutorHeartbeat" }

// Name implements [host.Message].
func (ExecutorHeartbeatResponse) Name() string { return "ExecutorHeartbeatResponse" }

// Name implements [host.Message].
func (StopExecutor) Name() string { return "StopExecutor" }

// Name implements [host.Message].
func (WatchWorker) Name() string { return "WatchWorker" }

// Name implements [host.Message].
func (DriverLease) Name() string { return "DriverLease" }

// Name implements [host.Message].
func (Deposit) Name() string { return "Deposit" }

// Name implements [host.Message].
func (DepositResponse) Name() string { return "DepositResponse" }
