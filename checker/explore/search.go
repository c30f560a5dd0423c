package explore

import (
	"context"
	"errors"
	"fmt"
	"os" //det:allow is there a checkpoint of this search
)

// Search explores sys until nothing is left, a property is violated, a bound
// is reached or ctx ends; Result.Why says which. The error is for options that
// do not fit the system, and for a checkpoint that cannot be read or written.
func Search[S any](ctx context.Context, sys System[S], o Options) (Result, error) {
	if err := refuse(sys, o); err != nil {
		return Result{}, fmt.Errorf("explore: %w", err)
	}
	if o.Method != Breadth {
		d := newDeep(sys, o)
		d.run(ctx)
		if o.Goals && (len(d.res.Findings) == 0 || o.KeepGoing) {
			d.goals()
		}
		return d.res, nil
	}
	b := newBreadth(sys, o)
	if err := b.open(); err != nil {
		return Result{}, fmt.Errorf("explore: %w", err)
	}
	err := b.run(ctx)
	if err == nil && o.Checkpoint != "" {
		err = b.close()
	}
	if o.Goals && (len(b.res.Findings) == 0 || o.KeepGoing) {
		b.goals()
	}
	if err != nil {
		err = fmt.Errorf("explore: %w", err)
	}
	return b.res, err
}

// refuse says what in the options does not fit the system.
func refuse[S any](sys System[S], o Options) error {
	independent := independence(sys) != nil
	_, goal := sys.(Goal[S])
	sym, _ := sys.(Symmetric)
	symmetric := sym != nil && sym.Symmetric()
	switch {
	case o.Method < Breadth || o.Method > Sleep:
		return fmt.Errorf("there is no method %d", o.Method)
	case o.Method == Sleep && !independent:
		return errors.New("sleep sets need a system that says which actions are independent")
	case o.Method == Sleep && symmetric:
		return errors.New("sleep sets do not go with symmetry: an action has another name in a state that is the same up to names")
	case o.Goals && o.Method == Sleep:
		return errors.New("goals do not go with sleep sets: what sleeps in a state is a way from it too")
	case o.Goals && !goal:
		return errors.New("the system has no goals")
	case o.Goals && symmetric:
		return errors.New("goals do not go with symmetry")
	case o.Checkpoint != "" && o.Method != Breadth:
		return errors.New("checkpoints are kept breadth-first only")
	}
	return nil
}

// open begins, or goes on from the checkpoint.
func (b *breadth[S]) open() error {
	if b.o.Checkpoint != "" {
		if _, err := os.Stat(b.o.Checkpoint); err == nil {
			return b.load()
		}
	}
	b.begin()
	return nil
}

// close leaves a checkpoint if there is more to do, and none otherwise.
func (b *breadth[S]) close() error {
	if !b.res.Complete && !b.unsound && (len(b.res.Findings) == 0 || b.o.KeepGoing) {
		return b.save()
	}
	if err := os.Remove(b.o.Checkpoint); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
