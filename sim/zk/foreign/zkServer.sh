#!/usr/bin/env bash
# A stand-in for ZooKeeper's zkServer.sh start-foreground FILE.
exec "$(dirname "$0")/java" ${SERVER_JVMFLAGS-} org.apache.zookeeper.server.quorum.QuorumPeerMain "$2"
