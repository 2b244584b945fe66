// Package guest has what a guest of Realm in Go needs: the host's functions, and the exports that the host calls. A guest says in
// init what answers requests:
//
//	func init() { guest.Handle(answer) }
//	func main() {}
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o guest.wasm .
//
// It is started once, when it is registered; every request begins with a copy of its memory as init has left it, and ends with it.
// docs/guest-abi.md is the reference.
package guest

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"
)

//go:wasmimport env realm_host_generate
func hostGenerate(model uint32, prompt unsafe.Pointer, promptLen uint32, options unsafe.Pointer, out unsafe.Pointer, outMax uint32) int32

//go:wasmimport env realm_host_result
func hostResult(offset uint32, dst unsafe.Pointer, n uint32) int32

//go:wasmimport env realm_host_emit
func hostEmit(p unsafe.Pointer, n uint32) int32

//go:wasmimport env realm_host_tokenize
func hostTokenize(model uint32, p unsafe.Pointer, n uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_last_error
func hostLastError(dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_log
func hostLog(level uint32, p unsafe.Pointer, n uint32)

//go:wasmimport env realm_host_kv_get
func hostKvGet(key unsafe.Pointer, keyLen uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_kv_set
func hostKvSet(key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32) int32

//go:wasmimport env realm_host_kv_delete
func hostKvDelete(key unsafe.Pointer, keyLen uint32) int32

//go:wasmimport env realm_host_kv_add
func hostKvAdd(key unsafe.Pointer, keyLen uint32, delta int64, sum unsafe.Pointer) int32

//go:wasmimport env realm_host_kv_swap
func hostKvSwap(key unsafe.Pointer, keyLen uint32, old unsafe.Pointer, oldLen uint32, value unsafe.Pointer, valueLen uint32) int32

//go:wasmimport env realm_host_kv_put
func hostKvPut(key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32, seconds uint32) int32

//go:wasmimport env realm_host_kv_list
func hostKvList(prefix unsafe.Pointer, prefixLen uint32, after unsafe.Pointer, afterLen uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_vec_search
func hostVecSearch(prefix unsafe.Pointer, prefixLen uint32, vector unsafe.Pointer, dimensions uint32, count uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_embed
func hostEmbed(model uint32, p unsafe.Pointer, n uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_http
func hostHTTP(request unsafe.Pointer, requestLen uint32, body unsafe.Pointer, bodyLen uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_config
func hostConfig(key unsafe.Pointer, keyLen uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_request
func hostRequest(dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_pieces
func hostPieces(first uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_render
func hostRender(model uint32, p unsafe.Pointer, n uint32, flags uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_model
func hostModel(model uint32, dst unsafe.Pointer, dstMax uint32) int32

//go:wasmimport env realm_host_finish
func hostFinish(reason uint32) int32

//go:wasmimport env realm_host_tool_call
func hostToolCall(id unsafe.Pointer, idLen uint32, name unsafe.Pointer, nameLen uint32, args unsafe.Pointer, argsLen uint32) int32

//go:wasmimport env realm_host_event
func hostEvent(name unsafe.Pointer, nameLen uint32, json unsafe.Pointer, jsonLen uint32) int32

//go:wasmimport env realm_host_refuse
func hostRefuse(status uint32, code unsafe.Pointer, codeLen uint32, text unsafe.Pointer, textLen uint32) int32

//go:wasmimport env realm_host_usage
func hostUsage(dst unsafe.Pointer, size uint32) int32

// What host functions return below zero, as far as a guest decides by it.
const (
	resultTooLarge = -6
	noSuchKey      = -19
	stale          = -21
	noValue        = 0xffffffff
)

// Error is what a host function answered: its number in docs/guest-abi.md, and its text.
type Error struct {
	Code int
	Text string
}

func (e *Error) Error() string { return e.Text }

func failed(code int32) error {
	text := copied(func(p unsafe.Pointer, n uint32) int32 { return hostLastError(p, n) })
	return &Error{int(code), string(text)}
}

func at(b []byte) unsafe.Pointer {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Pointer(&b[0])
}

func str(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

// copied asks for the length, then for the bytes; nil when there are none.
func copied(ask func(unsafe.Pointer, uint32) int32) []byte {
	n := ask(nil, 0)
	if n < 0 {
		return nil
	}
	b := make([]byte, n)
	if now := ask(at(b), uint32(n)); now < n {
		b = b[:max(now, 0)]
	}
	return b
}

// Options are a generation's: those of the request, until a setter says otherwise.
type Options struct {
	raw  [112]byte
	refs [][]byte
}

func (o *Options) put32(offset int, value uint32, bit uint) {
	binary.LittleEndian.PutUint32(o.raw[offset:], value)
	present := binary.LittleEndian.Uint32(o.raw[32:])
	binary.LittleEndian.PutUint32(o.raw[32:], present|1<<bit)
}

func (o *Options) float(offset int, value float32, bit uint) {
	o.put32(offset, math.Float32bits(value), bit)
}

func (o *Options) text(offset int, value string, bit uint) {
	b := []byte(value)
	o.refs = append(o.refs, b)
	o.put32(offset, uint32(uintptr(at(b))), bit)
	binary.LittleEndian.PutUint32(o.raw[offset+4:], uint32(len(b)))
}

// MaxTokens is that of the request, or what the setter said.
func (o *Options) MaxTokens() int { return int(binary.LittleEndian.Uint32(o.raw[0:])) }

// Temperature is that of the request, or what the setter said.
func (o *Options) Temperature() float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(o.raw[4:]))
}

func (o *Options) SetMaxTokens(n int)             { o.put32(0, uint32(n), 0) }
func (o *Options) SetTemperature(t float32)       { o.float(4, t, 1) }
func (o *Options) SetTopP(p float32)              { o.float(8, p, 2) }
func (o *Options) SetTopK(k int)                  { o.put32(12, uint32(k), 3) }
func (o *Options) SetRepetitionPenalty(p float32) { o.float(16, p, 4) }
func (o *Options) SetMinP(p float32)              { o.float(48, p, 7) }
func (o *Options) SetFrequencyPenalty(p float32)  { o.float(56, p, 9) }
func (o *Options) SetPresencePenalty(p float32)   { o.float(60, p, 10) }
func (o *Options) SetLogProbs(alternatives int)   { o.put32(68, uint32(alternatives), 16) }
func (o *Options) SetGrammar(gbnf string)         { o.text(80, gbnf, 13) }
func (o *Options) SetJSONSchema(schema string)    { o.text(88, schema, 14) }

// SetSeed makes sampling repeatable.
func (o *Options) SetSeed(seed uint64) {
	o.put32(40, uint32(seed), 5)
	binary.LittleEndian.PutUint32(o.raw[44:], uint32(seed>>32))
}

// SetStop ends generations at any of these texts, which are not part of them.
func (o *Options) SetStop(stops ...string) {
	spans := make([]byte, 8*len(stops))
	for i, s := range stops {
		b := []byte(s)
		o.refs = append(o.refs, b)
		binary.LittleEndian.PutUint32(spans[8*i:], uint32(uintptr(at(b))))
		binary.LittleEndian.PutUint32(spans[8*i+4:], uint32(len(b)))
	}
	o.refs = append(o.refs, spans)
	o.put32(72, uint32(uintptr(at(spans))), 12)
	binary.LittleEndian.PutUint32(o.raw[76:], uint32(len(stops)))
}

// SetStream says whether pieces go to the client as they are generated.
func (o *Options) SetStream(on bool) {
	o.raw[26] &^= 1
	if on {
		o.raw[26] |= 1
	}
}

// Generate asks the model of that number, 0 for the request's, to go on after prompt.
func Generate(model int, prompt string, o *Options) (string, error) {
	p, n := str(prompt)
	out := make([]byte, 4096)
	got := hostGenerate(uint32(model), p, n, unsafe.Pointer(&o.raw[0]), at(out), uint32(len(out)))
	for got == resultTooLarge || got == int32(len(out)) && len(out) > 4096 {
		out = make([]byte, 4*len(out))
		got = hostResult(0, at(out), uint32(len(out)))
	}
	if got < 1 {
		return "", failed(got)
	}
	return string(out[:got-1]), nil
}

// Emit sends text to the client now.
func Emit(text string) error {
	p, n := str(text)
	if code := hostEmit(p, n); code < 0 {
		return failed(code)
	}
	return nil
}

// CountTokens says how many tokens a text is to a model.
func CountTokens(model int, text string) (int, error) {
	p, n := str(text)
	count := hostTokenize(uint32(model), p, n, nil, 0)
	if count < 0 {
		return 0, failed(count)
	}
	return int(count), nil
}

// Level of a line in the log.
type Level uint32

const (
	LevelError Level = iota
	LevelWarn
	LevelInfo
	LevelDebug
)

// Log writes a line to the server's log.
func Log(level Level, text string) {
	p, n := str(text)
	hostLog(uint32(level), p, n)
}

// Setting is what the operator gave this guest under that name.
func Setting(key string) (string, bool) {
	p, n := str(key)
	value := copied(func(dst unsafe.Pointer, dstMax uint32) int32 { return hostConfig(p, n, dst, dstMax) })
	return string(value), value != nil
}

// Request is the request as JSON, for encoding/json.
func Request() []byte {
	return copied(func(dst unsafe.Pointer, dstMax uint32) int32 { return hostRequest(dst, dstMax) })
}

// Render gives messages as the model's template has them; open: an answer of the assistant is to follow.
func Render(model int, messages []byte, open bool) (string, error) {
	var flags uint32
	if open {
		flags = 1
	}
	n := hostRender(uint32(model), at(messages), uint32(len(messages)), flags, nil, 0)
	if n < 0 {
		return "", failed(n)
	}
	b := make([]byte, n)
	hostRender(uint32(model), at(messages), uint32(len(messages)), flags, at(b), uint32(n))
	return string(b), nil
}

// Describe says what a model is, as JSON.
func Describe(model int) []byte {
	return copied(func(dst unsafe.Pointer, dstMax uint32) int32 { return hostModel(uint32(model), dst, dstMax) })
}

// Reason of an answer's end.
type Reason uint32

const (
	FinishStop Reason = iota
	FinishLength
	FinishContentFilter
	FinishToolCalls
)

// Finish says how the answer ends, whatever the last generation did.
func Finish(reason Reason) { hostFinish(uint32(reason)) }

// ToolCall is a call of a tool for the client to do; the arguments are JSON.
func ToolCall(id, name, arguments string) error {
	p, pn := str(id)
	q, qn := str(name)
	r, rn := str(arguments)
	if code := hostToolCall(p, pn, q, qn, r, rn); code < 0 {
		return failed(code)
	}
	return nil
}

// Event tells the client, if it asked for events.
func Event(name, json string) error {
	p, pn := str(name)
	q, qn := str(json)
	if code := hostEvent(p, pn, q, qn); code < 0 {
		return failed(code)
	}
	return nil
}

// Refuse ends the request with an error of the guest's own: 400, 403, 409, 422 or 429. It returns only when that cannot be.
func Refuse(status int, code, text string) error {
	p, pn := str(code)
	q, qn := str(text)
	return failed(hostRefuse(uint32(status), p, pn, q, qn))
}

// Usage is what the request has used, and what is left of it.
type Usage struct {
	Prompt, Cached, Generated          uint32 // tokens of the last generation
	AllPrompt, AllCached, AllGenerated uint32
	CPUMicros                          uint64
	MillisLeft, TokensLeft             uint32
}

// Used says what the request has used until now.
func Used() Usage {
	var u Usage
	hostUsage(unsafe.Pointer(&u), 40)
	return u
}

// Token of the last generation, when it was asked for log-probabilities.
type Token struct {
	ID      uint32
	LogProb float32
	End     uint32 // bytes of the result up to the end of the piece that shows it
}

// Tokens are those from number first on, which were generated with SetLogProbs(0).
func Tokens(first int) ([]Token, error) {
	n := hostPieces(uint32(first), nil, 0)
	if n < 0 {
		return nil, failed(n)
	}
	raw := make([]byte, 16*(int(n)-first))
	if n = hostPieces(uint32(first), at(raw), uint32(len(raw))); n < 0 {
		return nil, failed(n)
	}
	tokens := make([]Token, len(raw)/16)
	for i := range tokens {
		r := raw[16*i:]
		tokens[i] = Token{binary.LittleEndian.Uint32(r), math.Float32frombits(binary.LittleEndian.Uint32(r[4:])), binary.LittleEndian.Uint32(r[8:])}
	}
	return tokens, nil
}

// Get reads from the tenant's own store, which outlives requests; false when there is no such key.
func Get(key string) ([]byte, bool) {
	p, n := str(key)
	value := copied(func(dst unsafe.Pointer, dstMax uint32) int32 { return hostKvGet(p, n, dst, dstMax) })
	return value, value != nil
}

// Set writes to the tenant's store.
func Set(key string, value []byte) error {
	p, n := str(key)
	if code := hostKvSet(p, n, at(value), uint32(len(value))); code < 0 {
		return failed(code)
	}
	return nil
}

// Delete takes a key away; false when there was none.
func Delete(key string) bool {
	p, n := str(key)
	return hostKvDelete(p, n) == 0
}

// Add adds to a counter, which is 0 at first, whoever else does at the same time; the sum.
func Add(key string, delta int64) (int64, error) {
	p, n := str(key)
	var sum int64
	if code := hostKvAdd(p, n, delta, unsafe.Pointer(&sum)); code < 0 {
		return 0, failed(code)
	}
	return sum, nil
}

// Swap puts a value in the place of another if that is there; nil is no value. False when it is another.
func Swap(key string, old, value []byte) (bool, error) {
	length := func(b []byte) uint32 {
		if b == nil {
			return noValue
		}
		return uint32(len(b))
	}
	p, n := str(key)
	code := hostKvSwap(p, n, at(old), length(old), at(value), length(value))
	if code < 0 && code != stale {
		return false, failed(code)
	}
	return code == 0, nil
}

// Put is Set for so many seconds, 0 for ever; other servers see it at once.
func Put(key string, value []byte, seconds uint32) error {
	p, n := str(key)
	if code := hostKvPut(p, n, at(value), uint32(len(value)), seconds); code < 0 {
		return failed(code)
	}
	return nil
}

// records of a list or a search: key, and the number that comes with it.
func records(b []byte, each func(key string, number uint32)) {
	for len(b) >= 8 {
		n := binary.LittleEndian.Uint32(b)
		each(string(b[8:8+n]), binary.LittleEndian.Uint32(b[4:]))
		b = b[8+n:]
	}
}

// List gives the next keys, in the order of their bytes, that begin with prefix and come after that key; none at the end.
func List(prefix, after string) ([]string, error) {
	p, pn := str(prefix)
	q, qn := str(after)
	b := make([]byte, 16384)
	n := hostKvList(p, pn, q, qn, at(b), uint32(len(b)))
	if n < 0 {
		return nil, failed(n)
	}
	var keys []string
	records(b[:n], func(key string, _ uint32) { keys = append(keys, key) })
	return keys, nil
}

// Embed gives the vector of a text by an encoder, which has length 1.
func Embed(model int, text string) ([]float32, error) {
	p, n := str(text)
	v := make([]float32, 4096)
	count := hostEmbed(uint32(model), p, n, unsafe.Pointer(&v[0]), uint32(len(v)))
	if count < 0 {
		return nil, failed(count)
	}
	return v[:min(int(count), len(v))], nil
}

// Vector is one as it is stored: Set(key, Vector(v)).
func Vector(v []float32) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return b
}

// Near is a key whose vector is near; the cosine is 1 for the same direction.
type Near struct {
	Key    string
	Cosine float32
}

// Search gives the keys with this prefix whose vectors are nearest, nearest first, 100 at most.
func Search(prefix string, vector []float32, count int) ([]Near, error) {
	p, n := str(prefix)
	v := Vector(vector)
	b := make([]byte, 100*1032)
	got := hostVecSearch(p, n, at(v), uint32(len(vector)), uint32(min(count, 100)), at(b), uint32(len(b)))
	if got < 0 {
		return nil, failed(got)
	}
	var found []Near
	records(b[:got], func(key string, bits uint32) { found = append(found, Near{key, math.Float32frombits(bits)}) })
	return found, nil
}

// Response is another machine's answer; its headers are a JSON object.
type Response struct {
	Status  int
	Headers []byte
	Body    []byte
}

// HTTP sends a request, which is JSON with url, and method and headers if wanted.
func HTTP(request string, body []byte) (*Response, error) {
	p, n := str(request)
	b := make([]byte, 65536)
	got := hostHTTP(p, n, at(body), uint32(len(body)), at(b), uint32(len(b)))
	for got == resultTooLarge || got == int32(len(b)) && len(b) > 65536 {
		b = make([]byte, 4*len(b))
		got = hostResult(0, at(b), uint32(len(b)))
	}
	if got < 8 {
		return nil, failed(got)
	}
	head := 8 + binary.LittleEndian.Uint32(b[4:])
	return &Response{int(binary.LittleEndian.Uint32(b)), b[8:head], b[head:got]}, nil
}

var (
	handler func(prompt string, o *Options) (string, error)
	kept    = map[uintptr][]byte{}
)

// Handle says what answers requests. An answer that fails with an error of a host function has that function's cause.
func Handle(answer func(prompt string, o *Options) (string, error)) { handler = answer }

//go:wasmexport realm_abi_version
func abiVersion() int32 { return 1 }

//go:wasmexport realm_snapshot
func snapshot() int32 {
	if handler == nil {
		return -1
	}
	return 0
}

//go:wasmexport realm_alloc
func alloc(n uint32) uint32 {
	words := make([]uint64, n/8+1)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), n+1)
	p := uintptr(unsafe.Pointer(&b[0]))
	kept[p] = b
	return uint32(p)
}

//go:wasmexport generate
func generate(prompt, promptLen, _, options uint32) uint32 {
	o := &Options{}
	copy(o.raw[:], kept[uintptr(options)][:len(o.raw)])
	text := string(kept[uintptr(prompt)][:promptLen])
	answer, err := handler(text, o)
	if err != nil {
		var host *Error
		if !errors.As(err, &host) {
			Log(LevelError, err.Error())
		}
		return 0
	}
	p := alloc(uint32(len(answer)) + 1)
	copy(kept[uintptr(p)], answer)
	return p
}
