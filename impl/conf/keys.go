package conf

import (
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// A Key is one name of Spark's configuration.
type Key struct {
	Name   string
	Alias  string // an older name of the same; empty for none
	Kind   Kind
	Unit   time.Duration // of a duration without a unit
	Size   int64         // of bytes without a unit
	Least  int64         // the least that a number or a duration may be
	Values []string      // of an enum, the default first
	// Default is Spark's, in words where it follows from another key; timers that
	// are not Spark's (fast) have their own.
	Default string
	Since   string // the version of Spark that brought it
	Doc     string // what it decides here
	Inert   string // why setting it changes nothing here; empty: it does
	Refused string // why it cannot be set here at all; empty: it can

	check  func(text string) error
	unique func(text string) error // what term-in-ids asks beyond that
	apply  func(s setting, to *target)
	at     int // its place in the table
}

// Keys lists all keys, in a fixed order.
func Keys() []Key { return append([]Key(nil), table...) }

// Names lists the names of all keys that can be set, older ones too.
func Names() []string {
	var out []string
	for i := range table {
		if out = append(out, table[i].Name); table[i].Alias != "" {
			out = append(out, table[i].Alias)
		}
	}
	return out
}

func find(name string) (*Key, error) {
	i := slices.IndexFunc(table, func(k Key) bool { return k.Name == name || k.Alias != "" && k.Alias == name })
	if i >= 0 {
		return &table[i], nil
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.Name) {
			k := f
			k.Name = name
			return &k, nil
		}
	}
	return nil, &UnknownError{name}
}

// families are prefixes of keys that nothing here knows one by one.
var families = []Key{
	{Name: "spark.master.ui.", Kind: Text, Inert: "status pages have no settings", at: 1000},
	{Name: "spark.worker.ui.", Kind: Text, Inert: "status pages have no settings", at: 1000},
	{Name: "spark.worker.cleanup.", Kind: Text, Inert: "workers keep no directories of applications", at: 1000},
	{Name: "spark.ui.", Kind: Text, Inert: "applications have no page", at: 1000},
	{Name: "spark.metrics.", Kind: Text, Inert: "there are no metrics sinks", at: 1000},
	{Name: "spark.ssl.", Kind: Text, Refused: "connections here are never encrypted"},
	{Name: "spark.authenticate", Kind: Text, Refused: "peers here are never authenticated"},
}

var table = number([]Key{
	{Name: "spark.worker.timeout", Kind: Duration, Unit: time.Second, Least: 4, Default: "60", Since: "0.6.2",
		Doc:   "a worker that is silent for this long is lost; it sends heartbeats four times as often (Spark takes a number of seconds alone)",
		apply: workerTimeout},
	{Name: "spark.deploy.recoveryTimeout", Kind: Duration, Unit: time.Second, Least: 1, Default: "spark.worker.timeout", Since: "4.0.0",
		Doc: "how long a new master waits for stored workers and applications", apply: timer("recovery")},
	{Name: "spark.dead.worker.persistence", Kind: Int, Default: "15", Since: "0.8.0",
		Doc: "for how many worker timeouts more a lost worker is remembered; only without adopt-or-kill", apply: deadPersistence},
	{Name: "spark.deploy.recoveryMode", Kind: Enum, Values: []string{"ZOOKEEPER", "FILESYSTEM", "NONE"}, Default: "NONE", Since: "0.8.1",
		Doc: "where masters keep what they must not forget; ZOOKEEPER here unless it is set", apply: recoveryMode},
	{Name: "spark.deploy.recoveryMode.factory", Kind: Text, Since: "1.2.0", Doc: "the class of a CUSTOM engine",
		Refused: "there are no classes to load"},
	{Name: "spark.deploy.recoveryDirectory", Kind: Text, Since: "0.8.1", Doc: "where FILESYSTEM keeps its records",
		check: checkDirectory, apply: recoveryDirectory},
	{Name: "spark.deploy.recoveryCompressionCodec", Kind: Text, Default: "none", Since: "4.0.0",
		Doc: "how FILESYSTEM compresses records", Inert: "records are not compressed"},
	{Name: "spark.deploy.zookeeper.url", Kind: Text, Since: "0.8.1", Doc: "the servers of ZooKeeper",
		Refused: "the servers are those of the scenario; live, --zk names them"},
	{Name: "spark.deploy.zookeeper.dir", Kind: Text, Default: "/spark", Since: "0.8.1",
		Doc: "the directory of masters in ZooKeeper", check: checkPath, apply: zookeeperDir},
	{Name: "spark.deploy.maxDrivers", Kind: Int, Least: 1, Default: "2147483647", Since: "4.0.0",
		Doc: "how many drivers run at once; others wait", apply: maxDrivers},
	{Name: "spark.deploy.spreadOutDrivers", Kind: Bool, Default: "true", Since: "4.0.0",
		Doc: "true: drivers go round the workers; false: to the first that fits, by ID", apply: spreadOutDrivers},
	{Name: "spark.deploy.spreadOutApps", Alias: "spark.deploy.spreadOut", Kind: Bool, Default: "true", Since: "0.6.1",
		Doc: "true: executors go round the workers; false: one worker is filled first", apply: spreadOutApps},
	{Name: "spark.deploy.workerSelectionPolicy", Kind: Enum, Values: schedule.Policies(), Default: schedule.Policy(0).String(), Since: "4.0.0",
		Doc: "in which order workers are offered to an application: " + strings.Join(schedule.Policies(), ", "), apply: selection},
	{Name: "spark.deploy.defaultCores", Kind: Int, Least: 1, Default: "2147483647", Since: "0.9.0",
		Doc: "the most cores of an application that names no maximum", apply: defaultCores},
	{Name: "spark.deploy.maxExecutorRetries", Kind: Int, Least: -1 << 31, Default: "10", Since: "1.6.3",
		Doc: "after how many failures of executors in a row an application fails; negative: never", apply: executorRetries},
	{Name: "spark.deploy.retainedApplications", Kind: Int, Least: 1, Default: "200", Since: "0.8.0",
		Doc: "how many ended applications are remembered", apply: retainedApps},
	{Name: "spark.deploy.appIdPattern", Kind: Text, Default: string(wire.AppIDs), Since: "4.0.0",
		Doc: "how applications are named: as spark.deploy.driverIdPattern", check: pattern(1, 1), unique: uniqueDriver, apply: appIDs},
	{Name: "spark.deploy.appNumberModulo", Kind: Int, Least: 1000, Since: "4.0.0",
		Doc: "after how many applications their numbers begin again", Refused: "numbers of applications never begin again"},
	{Name: "spark.worker.executorStateSync.maxAttempts", Kind: Int, Least: 1, Default: "5", Since: "3.3.0",
		Doc: "after how many failed reports about executors a worker gives up", Refused: "workers here report the ends of executors for ever or, without report-retry-tolerant, once"},
	{Name: "spark.worker.decommission.signal", Kind: Text, Default: "PWR", Since: "3.2.0",
		Doc: "the signal on which a worker leaves the cluster", Refused: "workers know PWR alone"},
	{Name: "spark.decommission.enabled", Kind: Bool, Default: "false", Since: "3.1.0",
		Doc: "whether executors are told before their worker leaves", Refused: "what PWR does to a worker is no setting here"},
	{Name: "spark.deploy.retainedDrivers", Kind: Int, Least: 1, Default: "200", Since: "1.1.0",
		Doc: "how many ended drivers are remembered", apply: retainedDrivers},
	{Name: "spark.deploy.driverIdPattern", Kind: Text, Default: string(wire.DriverIDs), Since: "4.0.0",
		Doc:   "how drivers are named: %s is the second of the clock, with term-in-ids the term; %04d counts",
		check: pattern(1, 1), unique: uniqueDriver, apply: driverIDs},
	{Name: "spark.worker.idPattern", Kind: Text, Default: string(wire.WorkerIDs), Since: "4.0.0",
		Doc:   "how workers are named: second of the clock, machine, port; with term-in-ids machine, port, incarnation",
		check: pattern(2, 1), unique: uniqueWorker, apply: workerIDs},
	{Name: "spark.worker.initialRegistrationRetries", Kind: Int, Least: 1, Default: "6", Since: "4.0.0",
		Doc: "how many attempts to register come at short intervals", apply: timer("register few")},
	{Name: "spark.worker.maxRegistrationRetries", Kind: Int, Least: 1, Default: "16", Since: "4.0.0",
		Doc: "after how many attempts to register a worker gives up; only without workers-try-all-masters", apply: timer("register max")},
	{Name: "spark.worker.driverTerminateTimeout", Kind: Duration, Unit: time.Millisecond, Least: 1, Default: "10s", Since: "2.1.2",
		Doc: "between SIGTERM and SIGKILL of a driver", apply: timer("terminate")},
	{Name: "spark.worker.preferConfiguredMasterAddress", Kind: Bool, Default: "false", Since: "2.2.1",
		Doc: "whether a worker goes on using the address it was given", Inert: "a master's address is the one that it was given with"},
	{Name: "spark.network.timeout", Kind: Duration, Unit: time.Second, Least: 1, Default: "120s", Since: "1.3.0",
		Doc: "a dial that takes longer is given up", apply: timer("dial")},
	{Name: "spark.rpc.askTimeout", Kind: Duration, Unit: time.Second, Least: 1, Default: "10s in the submission client", Since: "1.4.0",
		Doc: "how long a submission client waits for one master", apply: timer("ask")},
	{Name: "spark.standalone.submit.waitAppCompletion", Kind: Bool, Default: "false", Since: "3.1.0",
		Doc: "whether a submission client waits for the end", Refused: "status= of a scenario's work line says how often clients ask, until the end"},
	{Name: "spark.ui.killEnabled", Kind: Bool, Default: "true", Since: "1.0.0",
		Doc: "whether a master's page takes kills", Inert: "simulated masters have no page; live, that of a node takes none with false"},
	{Name: "spark.master.rest.enabled", Kind: Bool, Default: "true", Since: "1.3.0",
		Doc: "whether masters take submissions over HTTP", Inert: "simulated clients speak the masters' own protocol; live, --rest of a node says where"},
	{Name: "spark.master.rest.port", Kind: Int, Least: 0, Default: "6066", Since: "1.3.0",
		Doc: "the port of that", Inert: "simulated clients speak the masters' own protocol; live, --rest of a node says where"},
})

func number(keys []Key) []Key {
	for i := range keys {
		keys[i].at = i
	}
	return keys
}
