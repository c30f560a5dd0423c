package ensemble

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
)

// configure chooses ports and writes the servers' files.
func (e *Ensemble) configure() error {
	ports, err := e.ports.Take(3 * e.o.Servers)
	if err != nil {
		return err
	}
	for i := range e.o.Servers {
		s := &Server{id: i + 1, o: &e.o, clients: ports[3*i]}
		if e.o.Port > 0 {
			s.clients = e.o.Port + i
		}
		s.Addr = host.Addr(fmt.Sprintf("127.0.0.1:%d", s.clients))
		s.dir = filepath.Join(e.o.Dir, fmt.Sprintf("z%d", s.id))
		peers, err := s.peers(ports)
		if err != nil {
			return err
		}
		if err := s.configure(peers + strings.Join(e.o.Lines, "\n") + "\n"); err != nil {
			return err
		}
		e.servers = append(e.servers, s)
	}
	return nil
}

// peers are the lines of zoo.cfg that name the members of a server's ensemble.
// It notes the routes to them.
func (s *Server) peers(ports []int) (string, error) {
	var ids []int
	for i := range s.o.Servers {
		ids = append(ids, i+1)
	}
	for _, group := range s.o.Apart {
		if slices.Contains(group, s.id) {
			ids = group
		}
	}
	if len(ids) < 2 {
		return "", nil
	}
	var lines strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&lines, "server.%d=127.0.0.1:%d:%d\n", id, ports[3*id-2], ports[3*id-1])
		if id == s.id || s.o.Route == nil || s.o.Program == "" {
			continue
		}
		addr := host.Addr(fmt.Sprintf("127.0.0.1:%d", ports[3*id-2]))
		instead, err := s.o.Route(s.id, id, addr)
		if err != nil {
			return "", err
		}
		s.routes = append(s.routes, fmt.Sprintf("%s=%s", addr, instead))
	}
	return lines.String(), nil
}

func (s *Server) configure(more string) error {
	if err := os.MkdirAll(filepath.Join(s.dir, "data"), 0o755); err != nil {
		return err
	}
	cfg := fmt.Sprintf(`tickTime=%d
initLimit=%d
syncLimit=%d
dataDir=%s
clientPort=%d
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=*
%s`, s.o.Tick.Milliseconds(), cmp.Or(s.o.Init, 10), cmp.Or(s.o.Sync, 5), filepath.Join(s.dir, "data"), s.clients, more)
	if err := os.WriteFile(filepath.Join(s.dir, "zoo.cfg"), []byte(cfg), 0o644); err != nil {
		return err
	}
	id := fmt.Sprintf("%d\n", s.id)
	return os.WriteFile(filepath.Join(s.dir, "data", "myid"), []byte(id), 0o644)
}
