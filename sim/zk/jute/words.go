package jute

import (
	"slices"
	"strings"
)

// words are all the four-letter words that ZooKeeper 3.8 knows. Read as a
// length each of them is far beyond MaxBuffer, so none is ambiguous.
var words = []string{
	"conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr", "ruok",
	"srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs",
}

// Listed reports whether a word is answered under 4lw.commands.whitelist: srvr
// always, isro in read-only mode, and what the list names, separated by commas
// or spaces. "*" and the empty list name every word.
func Listed(list, word string, readOnlyMode bool) bool {
	names := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	return list == "" || word == "srvr" || word == "isro" && readOnlyMode || slices.Contains(names, "*") || slices.Contains(names, word)
}

// Environment is the answer to envi: the keys that ZooKeeper's has. There is
// no JVM to tell more of.
func Environment(version string) string {
	return "Environment:\nzookeeper.version=" + version + "\nhost.name=<NA>\n" +
		"java.version=<NA>\njava.vendor=<NA>\njava.home=<NA>\njava.class.path=<NA>\njava.library.path=<NA>\njava.io.tmpdir=<NA>\njava.compiler=<NA>\n" +
		"os.name=<NA>\nos.arch=<NA>\nos.version=<NA>\nuser.name=<NA>\nuser.home=<NA>\nuser.dir=<NA>\n" +
		"os.memory.free=<NA>\nos.memory.max=<NA>\nos.memory.total=<NA>\n"
}
