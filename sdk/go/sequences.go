package guest

import (
	"encoding/binary"
	"math"
	"unsafe"
)

//go:wasmimport env realm_host_seq_open
func hostSeqOpen(model uint32, options unsafe.Pointer) int32

//go:wasmimport env realm_host_seq_feed
func hostSeqFeed(seq int32, p unsafe.Pointer, n uint32, flags uint32) int32

//go:wasmimport env realm_host_seq_start
func hostSeqStart(seq int32, maxTokens uint32) int32

//go:wasmimport env realm_host_seq_wait
func hostSeqWait(seqs unsafe.Pointer, count uint32, milliseconds uint32) int32

//go:wasmimport env realm_host_seq_take
func hostSeqTake(seq int32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_seq_info
func hostSeqInfo(seq int32, dst unsafe.Pointer, size uint32) int32

//go:wasmimport env realm_host_seq_top
func hostSeqTop(seq int32, k uint32, dst unsafe.Pointer) int32

//go:wasmimport env realm_host_seq_score
func hostSeqScore(seq int32, ids unsafe.Pointer, count uint32, dst unsafe.Pointer) int32

//go:wasmimport env realm_host_seq_fork
func hostSeqFork(seq int32) int32

//go:wasmimport env realm_host_seq_rollback
func hostSeqRollback(seq int32, tokens uint32) int32

//go:wasmimport env realm_host_seq_close
func hostSeqClose(seq int32) int32

//go:wasmimport env realm_host_seq_grammar
func hostSeqGrammar(seq int32, grammar int32) int32

//go:wasmimport env realm_host_seq_allowed
func hostSeqAllowed(seq int32, dst unsafe.Pointer, words uint32) int32

//go:wasmimport env realm_host_seq_mask
func hostSeqMask(seq int32, bits unsafe.Pointer, words uint32, flags uint32) int32

//go:wasmimport env realm_host_seq_bias
func hostSeqBias(seq int32, pairs unsafe.Pointer, count uint32) int32

//go:wasmimport env realm_host_grammar
func hostGrammar(model uint32, kind uint32, p unsafe.Pointer, n uint32) int32

//go:wasmimport env realm_host_vocab
func hostVocab(model uint32, first uint32, dst unsafe.Pointer, dstMax uint32) int32

const notYet = -24

// Sequence is a row of tokens that the guest steers itself; the host frees it when the guest ends.
type Sequence int32

// Alternative is a token that might come next.
type Alternative struct {
	ID      uint32
	LogProb float32
}

// Bias is added to a token's logit.
type Bias struct {
	ID   uint32
	Bias float32
}

// Step is a token that came; its bytes may be part of a character.
type Step struct {
	ID      uint32
	LogProb float32 // 0 unless the options asked for it
	Text    []byte
}

// State of a sequence.
type State uint32

const (
	Resting    State = iota
	Generating       // by itself
	Ended            // where the model ends
	Full             // at the tokens that were asked for
)

// Info says how a sequence stands.
type Info struct {
	State                 State
	Length, Untaken, Room uint32
}

func checked(n int32) error {
	if n < 0 {
		return failed(n)
	}
	return nil
}

// Open makes a sequence without tokens.
func Open(model int, o *Options) (Sequence, error) {
	n := hostSeqOpen(uint32(model), unsafe.Pointer(&o.raw[0]))
	return Sequence(n), checked(n)
}

// Feed adds text; special: spellings of special tokens become those.
func (s Sequence) Feed(text string, special bool) error {
	p, n := str(text)
	var flags uint32
	if special {
		flags = 2
	}
	return checked(hostSeqFeed(int32(s), p, n, flags))
}

// FeedIDs adds tokens.
func (s Sequence) FeedIDs(ids []uint32) error {
	return checked(hostSeqFeed(int32(s), unsafe.Pointer(unsafe.SliceData(ids)), uint32(len(ids)), 1))
}

// Start lets the model go on by itself.
func (s Sequence) Start(maxTokens int) error {
	return checked(hostSeqStart(int32(s), uint32(maxTokens)))
}

// Info says how it stands.
func (s Sequence) Info() (Info, error) {
	var info Info
	return info, checked(hostSeqInfo(int32(s), unsafe.Pointer(&info), 16))
}

// Steps reads the records at an address; the package steps calls it.
func Steps(p unsafe.Pointer, count int) []Step {
	records := unsafe.Slice((*byte)(p), 16*count)
	steps := make([]Step, count)
	for i := range steps {
		r := records[16*i:]
		text := unsafe.Slice((*byte)(unsafe.Add(p, int(binary.LittleEndian.Uint32(r[8:]))-int(uintptr(p)))), binary.LittleEndian.Uint32(r[12:]))
		steps[i] = Step{binary.LittleEndian.Uint32(r), math.Float32frombits(binary.LittleEndian.Uint32(r[4:])), append([]byte(nil), text...)}
	}
	return steps
}

// Take gives the tokens that came; it does not wait.
func (s Sequence) Take() ([]Step, error) {
	room := make([]byte, 16384)
	n := hostSeqTake(int32(s), at(room), uint32(len(room)))
	if n < 0 {
		return nil, failed(n)
	}
	return Steps(at(room), int(n)), nil
}

// Generate starts it and waits until it stops; the text that came.
func (s Sequence) Generate(maxTokens int) (string, error) {
	if err := s.Start(maxTokens); err != nil {
		return "", err
	}
	var text []byte
	for {
		info, err := s.Info()
		if err != nil {
			return "", err
		}
		if info.Untaken == 0 && info.State != Generating {
			return string(text), nil
		}
		if info.Untaken == 0 {
			if _, err = Wait(1000, s); err != nil {
				return "", err
			}
		}
		steps, err := s.Take()
		if err != nil {
			return "", err
		}
		for _, step := range steps {
			text = append(text, step.Text...)
		}
	}
}

// Wait gives the index of the first that has something to take or does not generate; -1 when the time is over.
func Wait(milliseconds int, sequences ...Sequence) (int, error) {
	n := hostSeqWait(unsafe.Pointer(unsafe.SliceData(sequences)), uint32(len(sequences)), uint32(milliseconds))
	if n == notYet {
		return -1, nil
	}
	return int(n), checked(n)
}

// Top gives the k likeliest next tokens.
func (s Sequence) Top(k int) ([]Alternative, error) {
	all := make([]Alternative, k)
	n := hostSeqTop(int32(s), uint32(k), unsafe.Pointer(unsafe.SliceData(all)))
	if n < 0 {
		return nil, failed(n)
	}
	return all[:n], nil
}

// Score gives the log-probability of each of these if they came next.
func (s Sequence) Score(ids []uint32) ([]float32, error) {
	scores := make([]float32, len(ids))
	return scores, checked(hostSeqScore(int32(s), unsafe.Pointer(unsafe.SliceData(ids)), uint32(len(ids)), unsafe.Pointer(unsafe.SliceData(scores))))
}

// Fork makes a copy with a random stream of its own.
func (s Sequence) Fork() (Sequence, error) {
	n := hostSeqFork(int32(s))
	return Sequence(n), checked(n)
}

// Rollback forgets the last tokens: they never were.
func (s Sequence) Rollback(tokens int) error {
	return checked(hostSeqRollback(int32(s), uint32(tokens)))
}

// Close frees it.
func (s Sequence) Close() error { return checked(hostSeqClose(int32(s))) }

// Grammar is a compiled one of this request; 0 is none.
type Grammar int32

// GrammarKind says how a grammar is written.
type GrammarKind uint32

const (
	GBNF GrammarKind = iota
	JSONSchema
	Regex
	Choices // lines of which one is chosen
)

// Compile makes a grammar.
func Compile(model int, kind GrammarKind, text string) (Grammar, error) {
	p, n := str(text)
	g := hostGrammar(uint32(model), uint32(kind), p, n)
	return Grammar(g), checked(g)
}

// Hold holds what comes from here on to a grammar; 0 takes it away.
func (s Sequence) Hold(g Grammar) error { return checked(hostSeqGrammar(int32(s), int32(g))) }

// Allowed writes a bit for each token that may come next: a word for 32 tokens of the vocabulary.
func (s Sequence) Allowed(mask []uint32) error {
	return checked(hostSeqAllowed(int32(s), unsafe.Pointer(unsafe.SliceData(mask)), uint32(len(mask))))
}

// Mask lets only these come, next or until it is changed; nil takes it away.
func (s Sequence) Mask(bits []uint32, keep bool) error {
	var flags uint32
	if keep {
		flags = 1
	}
	return checked(hostSeqMask(int32(s), unsafe.Pointer(unsafe.SliceData(bits)), uint32(len(bits)), flags))
}

// Bias adds to logits from here on; none takes them away.
func (s Sequence) Bias(pairs ...Bias) error {
	return checked(hostSeqBias(int32(s), unsafe.Pointer(unsafe.SliceData(pairs)), uint32(len(pairs))))
}

// Vocabulary calls for each token of a model, with its bytes, and whether it is a control token and whether it ends an output.
func Vocabulary(model int, each func(id uint32, text []byte, control, ends bool)) (int, error) {
	room := make([]byte, 65536)
	id := uint32(0)
	for {
		n := hostVocab(uint32(model), id, at(room), uint32(len(room)))
		if n <= 0 {
			return int(id), checked(n)
		}
		for b := room; n > 0; n-- {
			header := binary.LittleEndian.Uint32(b)
			end := 4 + header&0xffffff
			each(id, b[4:end], header&(1<<24) != 0, header&(1<<25) != 0)
			b = b[end:]
			id++
		}
	}
}

// Tokenize gives the ids of a text.
func Tokenize(model int, text string) ([]uint32, error) {
	n, err := CountTokens(model, text)
	if err != nil {
		return nil, err
	}
	ids := make([]uint32, n)
	p, length := str(text)
	return ids, checked(hostTokenize(uint32(model), p, length, unsafe.Pointer(unsafe.SliceData(ids)), uint32(n)))
}

// Alternatives are those of each token of the last generation from number first on, which was asked for SetLogProbs.
func Alternatives(first int) ([][]Alternative, error) {
	from := uint32(first) | 1<<31
	n := hostPieces(from, nil, 0)
	if n < 0 {
		return nil, failed(n)
	}
	one := make([]byte, 16+8*256)
	hostPieces(from, at(one), uint32(len(one)))
	stride := 16 + 8*binary.LittleEndian.Uint32(one[12:])
	raw := make([]byte, (n-int32(first))*int32(stride))
	if n = hostPieces(from, at(raw), uint32(len(raw))); n < 0 {
		return nil, failed(n)
	}
	var all [][]Alternative
	for ; len(raw) > 0; raw = raw[stride:] {
		others := make([]Alternative, binary.LittleEndian.Uint32(raw[12:]))
		for i := range others {
			r := raw[16+8*i:]
			others[i] = Alternative{binary.LittleEndian.Uint32(r), math.Float32frombits(binary.LittleEndian.Uint32(r[4:]))}
		}
		all = append(all, others)
	}
	return all, nil
}
