package simctl

import (
	"errors"
	"fmt"
	"os"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/hint"
)

// ReadConf reads a file like spark-defaults.conf, if one is named, and settings
// of the form "key=value", which go before those of the file. Names are those of
// Spark's configuration ([conf.Keys]).
func ReadConf(file string, settings []string) (conf.Conf, error) {
	var c conf.Conf
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return c, fmt.Errorf("read configuration: %w", err)
		}
		if c, err = conf.Parse(file, text); err != nil {
			return c, suggest(err)
		}
	}
	over, err := conf.ParseAll(settings)
	if err != nil {
		return c, fmt.Errorf("conf: %w", suggest(err))
	}
	return c.With(over), nil
}

// suggest adds the name that was meant to an error about an unknown one.
func suggest(err error) error {
	var unknown *conf.UnknownError
	if !errors.As(err, &unknown) {
		return err
	}
	return fmt.Errorf("%w%s", err, hint.For(unknown.Name, conf.Names(), "simctl list conf tells them all"))
}

// effectiveTimers are a scenario's after what it and c set.
func effectiveTimers(s *scenarios.Scenario, c conf.Conf) (scenarios.Timers, error) {
	own, err := conf.ParseAll(s.Conf)
	if err != nil {
		return scenarios.Timers{}, suggest(err)
	}
	return scenarios.TimersFor(s.Timers).With(own.With(c).Timers())
}
