// Package steer is how a program that runs on a directory is told what to do
// by another one that is given the directory.
package steer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNobody is what [Ask] returns if nobody listens on a directory.
var ErrNobody = errors.New("nobody runs there")

// ErrTaken is what [Listen] returns if somebody listens on a directory already.
var ErrTaken = errors.New("somebody runs there already")

// name is the file in the directory that holds the path of the socket.
const name = "control"

// A Listener takes commands: over a socket in a directory of its own, because
// a socket's path must be short.
type Listener struct {
	// Commands are what others tell, one after another. Each is to be answered.
	Commands chan Command

	file   string
	dir    string
	socket net.Listener
}

// A Command is what another program tells, and waits for an answer to.
type Command struct {
	Words []string
	conn  net.Conn
}

// Listen begins to listen for commands on a directory.
func Listen(data string) (*Listener, error) {
	l := &Listener{file: filepath.Join(data, name), Commands: make(chan Command)}
	if conn, err := dial(data); err == nil {
		conn.Close()
		return nil, ErrTaken
	}
	var err error
	if l.dir, err = os.MkdirTemp("", "simctl-control-"); err != nil {
		return nil, err
	}
	path := filepath.Join(l.dir, "socket")
	if l.socket, err = net.Listen("unix", path); err != nil {
		return nil, errors.Join(err, os.RemoveAll(l.dir))
	}
	if err := os.WriteFile(l.file, []byte(path+"\n"), 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close ends the listening.
func (l *Listener) Close() {
	l.socket.Close()
	os.Remove(l.file)
	os.RemoveAll(l.dir)
}

// Serve hands commands on until ctx is done or the listener is closed.
func (l *Listener) Serve(ctx context.Context) {
	for {
		conn, err := l.socket.Accept()
		if err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			conn.Close()
			continue
		}
		select {
		case l.Commands <- Command{strings.Split(strings.TrimSuffix(line, "\n"), "\t"), conn}:
		case <-ctx.Done():
			conn.Close()
			return
		}
	}
}

// failure is how an answer begins that tells an error.
const failure = "error: "

// Answer ends a command with a text, or with what went wrong.
func (c *Command) Answer(text string, err error) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if err != nil {
		text = failure + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	_, _ = io.WriteString(c.conn, text) // who asked may be gone
	c.conn.Close()
}

func dial(data string) (net.Conn, error) {
	path, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		return nil, err
	}
	return net.Dial("unix", strings.TrimSpace(string(path)))
}

// Ask tells whoever runs on a directory a command of some words, without tabs
// or line ends in them, and returns the answer.
func Ask(data string, words ...string) (string, error) {
	conn, err := dial(data)
	if err != nil {
		return "", ErrNobody
	}
	defer conn.Close()
	line := strings.Join(words, "\t")
	if strings.ContainsAny(line, "\n\r") || strings.Count(line, "\t") != len(words)-1 {
		return "", fmt.Errorf("%q: no word has a tab or an end of a line", words)
	}
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return "", err
	}
	if why, failed := strings.CutPrefix(string(text), failure); failed {
		return "", errors.New(why)
	}
	return string(text), nil
}
