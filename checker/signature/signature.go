// Package signature says whether two violations are one: the same property,
// broken in the same way, whatever the names, times and numbers are.
package signature

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
)

// Of is the signature of a violation: its property and the shape of its cause.
// The shape is what the finding says without names of processes, identities,
// steps, times and numbers but 0; a list of such is one of each kind. Tags are
// the jobs' names, which are names too. Where the detail goes on to tell one
// event of many that would have shown the same, the shape ends before it.
func Of(f checker.Finding, tags []string) string {
	return f.Property + ": " + shape(f.Property, f.Detail, tags)
}

// ends are the properties whose shape ends with the first colon: what stands
// behind it is the event that happened to show it.
var ends = []string{"at-most-one-acting-master", "at-most-one-alive-master"}

func shape(property, detail string, tags []string) string {
	detail, _, _ = strings.Cut(detail, "; healed at ")
	if _, rest, ok := strings.Cut(detail, "\n"); ok && property == "scenario-is-seen" {
		detail = rest
	} else if property == "no-panics" {
		detail, _, _ = strings.Cut(detail, "\n")
	}
	words := plain(detail, tags)
	text := strings.Join(words, " ")
	switch {
	case slices.Contains(ends, property):
		text, _, _ = strings.Cut(text, ": ")
	case property == "jobs-linearizable":
		text, _, _ = strings.Cut(text, "; before it")
		text = strings.TrimPrefix(text, "job # # ops: ")
	case strings.HasPrefix(text, "the worker uses more than it has"):
		text, _, _ = strings.Cut(text, ": ")
	}
	head, list, ok := strings.Cut(text, ": ")
	if !ok || !strings.HasPrefix(list, "# ") {
		return text
	}
	items := strings.Split(list, ", ")
	slices.Sort(items)
	return head + ": " + strings.Join(slices.Compact(items), ", ")
}

// afterJob reports whether the next word may be the name of a job.
func afterJob(words []string) bool {
	if len(words) == 0 {
		return false
	}
	switch strings.Trim(words[len(words)-1], ",;:") {
	case "job", "submit", "status", "kill", "finish", "app", "see", "account", "#":
		return true
	}
	return false
}

// plain are the words of a detail, those in brackets left out, each that names
// or counts something replaced by #.
func plain(detail string, tags []string) (out []string) {
	depth := 0
	for _, word := range strings.Fields(detail) {
		open := strings.Count(word, "(")
		closed := strings.Count(word, ")")
		within := depth > 0 || strings.HasPrefix(word, "(")
		depth = max(0, depth+open-closed)
		end := word[len(strings.TrimRight(word, ",;:)")):]
		if within {
			if n := len(out); n > 0 && depth == 0 {
				out[n-1] += strings.TrimLeft(end, ")")
			}
			continue
		}
		bare := strings.Trim(word, ",;:")
		if bare != "0" && strings.ContainsAny(bare, "0123456789") || slices.Contains(tags, bare) && afterJob(out) {
			word = "#" + end
			if n := len(out); n > 0 && strings.TrimRight(out[n-1], ",") == "#" {
				out = out[:n-1]
			}
		}
		out = append(out, word)
	}
	return out
}
