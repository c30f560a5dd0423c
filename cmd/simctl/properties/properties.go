// Package properties is --conf, --properties-file and the list of names.
package properties

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/conf"
)

// Flags are --conf and --properties-file.
type Flags struct {
	file string
	set  []string
}

// Add gives a command the two flags.
func (c *Flags) Add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&c.set, "conf", nil, "KEY=VALUE by a name of Spark's configuration (list conf); may be repeated, goes before --properties-file")
	f.StringVar(&c.file, "properties-file", "", "file of such settings, like spark-defaults.conf")
	var keys []string
	for _, k := range conf.Keys() {
		if k.Refused == "" {
			keys = append(keys, k.Name+"=\t"+k.Doc)
		}
	}
	err := cmd.RegisterFlagCompletionFunc("conf", cobra.FixedCompletions(keys, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	if err != nil {
		panic(err) // the flag is misspelled here
	}
}

// Read returns what was set, and warns of what has no effect.
func (c *Flags) Read(cmd *cobra.Command) (conf.Conf, error) {
	set, err := simctl.ReadConf(c.file, c.set)
	for _, why := range set.Inert() {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", why)
	}
	return set, err
}

// A Key is what a line of `list conf --json` has besides the others.
type Key struct {
	Type     conf.Kind `json:"type"`
	Default  string    `json:"default"` // Spark's; empty for none
	Since    string    `json:"since"`   // the version of Spark
	Alias    string    `json:"alias,omitempty"`
	Refused  string    `json:"refused,omitempty"`  // why it cannot be set
	NoEffect string    `json:"noEffect,omitempty"` // why setting it changes nothing
}

// doc is a key in one line of list conf.
func doc(k *conf.Key) string {
	text := fmt.Sprintf("%-8s  default %s", k.Kind, k.Default)
	if k.Default == "" {
		text = fmt.Sprintf("%-8s  no default", k.Kind)
	}
	text += ", since " + k.Since + ": " + k.Doc
	if k.Alias != "" {
		text += "; also " + k.Alias
	}
	switch {
	case k.Refused != "":
		text += "; refused: " + k.Refused
	case k.Inert != "":
		text += "; no effect: " + k.Inert
	}
	return text
}

// A Name is one line of the list.
type Name struct {
	Name, Doc string
	Key       *Key
}

// List lists all names of Spark's configuration that are known.
func List() []Name {
	var out []Name
	for _, k := range conf.Keys() {
		out = append(out, Name{k.Name, doc(&k), &Key{
			Type: k.Kind, Default: k.Default, Since: k.Since, Alias: k.Alias, Refused: k.Refused, NoEffect: k.Inert,
		}})
	}
	return out
}
