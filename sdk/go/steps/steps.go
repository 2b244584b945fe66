// Package steps shows a guest every token before the next is chosen. To import it is to have an on_step.
package steps

import (
	"unsafe"

	"realm.example/guest"
)

// Verdict about a step.
type Verdict int32

const (
	Pass       Verdict = iota // its text goes to the client
	Swallow                   // to nobody
	Stop                      // the generation ends before it
	RolledBack                // as Swallow: the sequence was rolled back
)

var handler = func(guest.Sequence, []guest.Step, bool) Verdict { return Pass }

// Handle says what decides. There are no tokens before the first, and where the model would end, which ends says.
func Handle(onStep func(s guest.Sequence, tokens []guest.Step, ends bool) Verdict) { handler = onStep }

//go:wasmexport on_step
func onStep(seq int32, records unsafe.Pointer, count int32) int32 {
	return int32(handler(guest.Sequence(seq), guest.Steps(records, int(max(count, 0))), count < 0))
}
