package zkserver

import "strings"

// harmless are keys without an effect here that changes nothing which a client
// could see, or whose value is what servers here do anyway.
var harmless = map[string]string{
	"dataLogDir": "*", "autopurge.snapRetainCount": "*", "autopurge.purgeInterval": "*", "quorumListenOnAllIPs": "*",
	"clientPortListenBacklog": "*", "dynamicConfigFile": "", "standaloneEnabled": "true",
	"syncEnabled": "*", "sslQuorum": "false", "connectToLearnerMasterLimit": "*", "skipACL": "no", "preAllocSize": "*",
	"serverCnxnFactory": "org.apache.zookeeper.server.NIOServerCnxnFactory",
}

// harmlessBelow are prefixes of such keys.
var harmlessBelow = []string{"admin.", "metricsProvider.", "multiAddress.", "fastleader.", "jmx."}

// noEffect says why a line that is not refused is worth a warning, or "".
func noEffect(key, value string) string {
	if strings.HasPrefix(key, "secureClientPort") {
		return "TLS is not simulated; the port stays closed"
	}
	if settings[key] != nil || strings.HasPrefix(key, "server.") {
		return ""
	}
	if same, ok := harmless[key]; ok && (same == "*" || same == value) {
		return ""
	}
	for _, prefix := range harmlessBelow {
		if strings.HasPrefix(key, prefix) {
			return ""
		}
	}
	return "it has no effect here"
}
