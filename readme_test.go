package simctl_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A documented is one command of a README and what README says it prints.
type documented struct {
	line    int
	command string
	want    []string
}

// TestReadmePrintsWhatItSays runs every `$ simctl ...` of README.md, top to
// bottom, in one empty directory, and compares what a terminal would show. In
// README a line of "..." stands for any lines, and "..." within a line for any
// text. `$ echo $?` shows the exit status of the command before it. Other
// commands are for the reader and are not run.
func TestReadmePrintsWhatItSays(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if os.IsNotExist(err) {
		t.Fatal("there is no README.md")
	}
	require.NoError(t, err)
	commands := documentedCommands(string(text))
	require.NotEmpty(t, commands, "README.md shows no command of simctl")

	dir := t.TempDir()
	program := filepath.Join(dir, "bin", "simctl")
	out, err := exec.Command("go", "build", "-o", program, "./cmd/simctl").CombinedOutput()
	require.NoError(t, err, "%s", out)

	status, lines := 0, strings.Split(string(text), "\n")
	for _, c := range commands {
		got := fmt.Sprintln(status)
		if c.command != "echo $?" {
			got, status = runDocumented(t, dir, c.command)
		}
		if update := refreshed(c.want, got); os.Getenv("SIMCTL_UPDATE") != "" {
			copy(lines[c.line:], update)
			c.want = update
		}
		if complaint := compareOutput(c.want, got); complaint != "" {
			t.Errorf("README.md:%d: $ %s: %s", c.line, c.command, complaint)
		}
	}
	if os.Getenv("SIMCTL_UPDATE") != "" {
		require.NoError(t, os.WriteFile("README.md", []byte(strings.Join(lines, "\n")), 0o644))
	}
}

// refreshed returns the documented lines with the numbers that the command
// prints now. Lines of which more than numbers has changed stay as they are, to
// be seen and understood; what the prose says of a number is the reader's too.
func refreshed(want []string, got string) []string {
	update := slices.Clone(want)
	lines := strings.Split(got, "\n")
	for i, w := range want {
		if strings.Contains(w, "...") {
			continue
		}
		if at := slices.IndexFunc(lines, func(line string) bool { return shape(line) == shape(w) }); at >= 0 {
			update[i], lines = lines[at], lines[at+1:]
		}
	}
	return update
}

var number = regexp.MustCompile(`[0-9]+`)

// shape is a line without its numbers and the spaces that align them.
func shape(line string) string {
	return number.ReplaceAllString(strings.Join(strings.Fields(line), " "), "0")
}

func TestOnlyNumbersAreRefreshed(t *testing.T) {
	want := []string{"a 9.5s", "...", "b 1", "gone 7", "c ... 3"}
	got := "a 10.25s\nx\nb 22\nc 4 3\n"
	require.Equal(t, []string{"a 10.25s", "...", "b 22", "gone 7", "c ... 3"}, refreshed(want, got))
}

// runDocumented runs a command of simctl as a shell would, and returns what it
// wrote to both streams and its status.
func runDocumented(t *testing.T, dir, command string) (out string, status int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// documentedCommands finds the commands in the fenced blocks of a Markdown
// text: "$ simctl ..." and the "$ echo $?" behind one. What a command prints
// ends at the next "$ " or at the end of the block.
func documentedCommands(text string) (commands []documented) {
	fenced, ours := false, false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced, ours = !fenced, false
			continue
		}
		if !fenced {
			continue
		}
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case isCommand:
			name := strings.TrimPrefix(command, "bin/")
			ours = strings.HasPrefix(name, "simctl ") || command == "echo $?" && len(commands) > 0
			if ours {
				commands = append(commands, documented{line: i + 1, command: command})
			}
		case ours:
			c := &commands[len(commands)-1]
			c.want = append(c.want, line)
		}
	}
	return commands
}

// compareOutput returns how an output differs from what is documented, or "".
func compareOutput(want []string, got string) string {
	var pattern strings.Builder
	for _, line := range trimEmpty(want) {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(strings.TrimRight(line, " "), "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, `.*`) + ` *\n`)
	}
	lines := strings.Join(trimEmpty(strings.Split(got, "\n")), "\n") + "\n"
	if lines == "\n" {
		lines = ""
	}
	if regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(lines) {
		return ""
	}
	return fmt.Sprintf("printed\n%s\nnot\n%s", lines, strings.Join(want, "\n"))
}

// trimEmpty drops empty lines at both ends.
func trimEmpty(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func TestDocumentedCommandsAreFound(t *testing.T) {
	text := strings.ReplaceAll(`
$ simctl outside of a block
'''
$ make build
$ simctl run x
one

two
$ echo $?
1
'''
'''sh
$ bin/simctl list
'''
`, "'''", "```")
	require.Equal(t, []documented{
		{line: 5, command: "simctl run x", want: []string{"one", "", "two"}},
		{line: 9, command: "echo $?", want: []string{"1"}},
		{line: 13, command: "bin/simctl list"},
	}, documentedCommands(text))
}

func TestOutputsThatDifferAreCaught(t *testing.T) {
	tests := []struct {
		name, want, got string
		same            bool
	}{
		{"the same", "a\nb", "a\nb\n", true},
		{"another line", "a\nb", "a\nc\n", false},
		{"a line more", "a", "a\nb\n", false},
		{"a line less", "a\nb", "a\n", false},
		{"nothing", "", "", true},
		{"nothing documented", "", "a\n", false},
		{"elided lines", "a\n...\nd", "a\nb\nc\nd\n", true},
		{"no lines to elide", "a\n...\nd", "a\nd\n", true},
		{"an elided end", "a\n...", "a\nb\nc\n", true},
		{"elided lines, then another one", "a\n...\nd", "a\nb\ne\n", false},
		{"elided text", "wall ... s", "wall 3 s\n", true},
		{"elided text does not leave its line", "a ... c", "a\nc\n", false},
		{"no pattern", "a.c", "abc\n", false},
		{"empty lines at the ends", "\na\n\n", "a\n\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.same, compareOutput(strings.Split(tt.want, "\n"), tt.got) == "")
		})
	}
}

func TestDocumentedCommandsAreRunInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	_, status := runDocumented(t, dir, "echo one >file; exit 3")
	require.Equal(t, 3, status)
	text, err := os.ReadFile(filepath.Join(dir, "file"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(text, []byte("one")))
}
