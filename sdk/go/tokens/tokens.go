// Package tokens shows a guest every piece of text before the client gets it. To import it is to decide about each of them.
package tokens

import "unsafe"

// Verdict about a piece of text.
type Verdict int32

const (
	Pass    Verdict = iota // to the client
	Swallow                // to nobody
	Stop                   // the generation ends before it
)

var handler = func(string) Verdict { return Pass }

// Handle says what decides.
func Handle(onToken func(piece string) Verdict) { handler = onToken }

//go:wasmexport on_token
func onToken(p unsafe.Pointer, n uint32) int32 {
	return int32(handler(string(unsafe.Slice((*byte)(p), n))))
}
