// A guest that uses every function of sequences: a plain continuation, and a fork that may say "one" or "two" only.
package main

import (
	"realm.example/guest"
	"realm.example/guest/steps"
)

func init() {
	steps.Handle(func(s guest.Sequence, t []guest.Step, ends bool) steps.Verdict { return steps.Pass })
	guest.Handle(func(prompt string, o *guest.Options) (string, error) {
		s, err := guest.Open(0, o)
		if err != nil {
			return "", err
		}
		if err = s.Feed(prompt, true); err != nil {
			return "", err
		}
		f, err := s.Fork()
		if err != nil {
			return "", err
		}
		g, err := guest.Compile(0, guest.Choices, "one\ntwo")
		if err != nil {
			return "", err
		}
		if err = f.Hold(g); err != nil {
			return "", err
		}
		a, err := s.Generate(6)
		if err != nil {
			return "", err
		}
		b, err := f.Generate(6)
		return a + "|" + b, err
	})
}

func main() {}
