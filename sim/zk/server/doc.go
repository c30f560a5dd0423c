// Package server is a ZooKeeper server as a process on impl/host: the client
// port, the request pipeline, the sessions, the watches and the four-letter
// words, over a data tree that a [Replicator] keeps in step with its log.
package server
