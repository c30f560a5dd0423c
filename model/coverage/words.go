package coverage

import (
	"fmt"
	"slices"
	"strings"
)

// Words says in which state the run is, for people: of each master and worker the
// same as the number says, without names.
func (m *Follower) Words() string {
	var masters, workers []string
	leads, looks := 0, 0
	for _, p := range m.all {
		switch p.kind {
		case 'm':
			masters = append(masters, p.masterWords(m.latest))
		case 'w':
			workers = append(workers, p.workerWords(m.latest))
		default:
			leads += is(p.up && p.state == number(serverStates, "serving leading"))
			looks += is(p.up && p.state == number(serverStates, "looking"))
		}
	}
	slices.Sort(masters)
	slices.Sort(workers)
	parts := []string{"masters: " + orNone(masters), "workers: " + orNone(workers)}
	if n := min(2, len(m.drivers)); n > 0 {
		parts = append(parts, [...]string{"", "one driver runs", "drivers run"}[n])
	}
	if m.down {
		parts = append(parts, "no quorum")
	}
	if leads+looks > 0 {
		parts = append(parts, fmt.Sprintf("servers: %d lead, %d look", leads, min(looks, 2)))
	}
	return strings.Join(parts, "; ")
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " | ")
}

var terms = [...]string{"", " in an older term", " in the latest term"}

func (p *process) masterWords(latest int64) string {
	text := p.running()
	if p.state > 0 {
		text = strings.TrimPrefix(masterStates[p.state]+" "+p.stands(), " ")
	}
	text = strings.TrimSpace(text) + terms[clipped(p.term, latest)]
	for i, name := range []string{"latch", "store"} {
		if s := p.sessions[i]; s > 0 {
			text += ", " + name + " session " + sessionStates[s]
		}
	}
	return text
}

func (p *process) workerWords(latest int64) string {
	if t := clipped(p.term, latest); t > 0 {
		return p.running() + ", follows" + strings.Replace(terms[t], " in", "", 1)
	}
	return p.running()
}

// running says whether a process runs.
func (p *process) running() string {
	switch {
	case !p.up:
		return "down"
	case p.paused:
		return "standing still"
	}
	return "up"
}

// stands is running for a process that is told by its state.
func (p *process) stands() string {
	if p.up && !p.paused {
		return ""
	}
	return "and " + p.running()
}
