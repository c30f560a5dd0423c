package program

import (
	"fmt"
	"net"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/settings"
)

// Check fills in what follows from the rest, and reports what no process can
// be told, in the words of its flags.
func (o *Options) Check() error {
	if o.ID == "" {
		o.ID = o.Kind
	}
	if _, _, err := net.SplitHostPort(string(o.Listen)); err != nil {
		return fmt.Errorf("--listen=%s: want HOST:PORT", o.Listen)
	}
	if err := CheckAddrs("zk", o.ZK); err != nil {
		return err
	}
	if err := CheckAddrs("masters", o.Masters); err != nil {
		return err
	}
	if o.Kind != "master" || o.REST == "none" {
		o.REST = ""
	} else if _, _, err := net.SplitHostPort(o.REST); err != nil {
		return fmt.Errorf("--rest=%s: want HOST:PORT or none", o.REST)
	}
	var m settings.Master
	o.Conf.Master(&m)
	zookeeper := m.RecoveryMode == "" || m.RecoveryMode == persist.ZooKeeper
	switch {
	case o.Kind == "master" && zookeeper && len(o.ZK) == 0:
		return fmt.Errorf("node: a master needs --zk")
	case o.Kind == "master" && m.RecoveryMode == persist.Files && o.Data == "":
		return fmt.Errorf("node: a master with spark.deploy.recoveryMode=FILESYSTEM needs --data")
	case o.Kind == "probe" && len(o.ZK) == 0:
		return fmt.Errorf("node: a probe needs --zk")
	case (o.Kind == "worker" || o.Kind == "client") && len(o.Masters) == 0:
		return fmt.Errorf("node: a %s needs --masters", o.Kind)
	case o.Format < 0 || o.Format > 200:
		return fmt.Errorf("node: --format=%d: want 0 to 200", o.Format)
	case o.Incarnation < 1:
		return fmt.Errorf("node: --incarnation=0: want at least 1")
	case o.Cores < 1 || o.Memory < 1:
		return fmt.Errorf("node: %d cores, %d MiB: want at least 1 of each", o.Cores, o.Memory)
	}
	return nil
}

// CheckAddrs refuses what is not HOST:PORT, in the words of a flag.
func CheckAddrs(flag string, addrs []host.Addr) error {
	for _, a := range addrs {
		name, port, err := net.SplitHostPort(string(a))
		if err != nil || name == "" || port == "" {
			return fmt.Errorf("--%s: %q: want HOST:PORT", flag, a)
		}
	}
	return nil
}
