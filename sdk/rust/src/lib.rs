//! Guests for Realm in Rust, without `std`: the host's functions behind safe ones, an allocator that gives
//! what an instance needs for one request, and [`guest!`], which exports it all. `docs/guest-abi.md` is the reference.
//!
//! ```text
//! RUSTFLAGS="-C link-arg=-zstack-size=16384" cargo build --release --target wasm32-unknown-unknown
//! ```
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};

pub mod sequences;

mod host {
    use super::Usage;

    #[link(wasm_import_module = "env")]
    extern "C" {
        pub fn realm_host_generate(model: u32, prompt: *const u8, len: usize, options: *const u8, out: *mut u8, max: usize) -> i32;
        pub fn realm_host_result(offset: usize, dst: *mut u8, len: usize) -> i32;
        pub fn realm_host_emit(ptr: *const u8, len: usize) -> i32;
        pub fn realm_host_tokenize(model: u32, ptr: *const u8, len: usize, dst: *mut u32, max: usize) -> i32;
        pub fn realm_host_last_error(dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_log(level: u32, ptr: *const u8, len: usize);
        pub fn realm_host_kv_get(key: *const u8, len: usize, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_kv_set(key: *const u8, len: usize, val: *const u8, val_len: usize) -> i32;
        pub fn realm_host_kv_delete(key: *const u8, len: usize) -> i32;
        pub fn realm_host_kv_add(key: *const u8, len: usize, delta: i64, sum: *mut i64) -> i32;
        pub fn realm_host_kv_swap(key: *const u8, len: usize, old: *const u8, old_len: usize, new: *const u8, new_len: usize) -> i32;
        pub fn realm_host_kv_put(key: *const u8, len: usize, val: *const u8, val_len: usize, seconds: u32) -> i32;
        pub fn realm_host_kv_list(prefix: *const u8, len: usize, after: *const u8, after_len: usize, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_vec_search(prefix: *const u8, len: usize, vector: *const f32, dimensions: usize, count: usize, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_embed(model: u32, ptr: *const u8, len: usize, dst: *mut f32, max: usize) -> i32;
        pub fn realm_host_http(request: *const u8, len: usize, body: *const u8, body_len: usize, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_config(key: *const u8, len: usize, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_request(dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_pieces(first: u32, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_render(model: u32, json: *const u8, len: usize, flags: u32, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_model(model: u32, dst: *mut u8, max: usize) -> i32;
        pub fn realm_host_finish(reason: u32) -> i32;
        pub fn realm_host_tool_call(id: *const u8, id_len: usize, name: *const u8, name_len: usize, args: *const u8, args_len: usize) -> i32;
        pub fn realm_host_event(name: *const u8, name_len: usize, json: *const u8, json_len: usize) -> i32;
        pub fn realm_host_refuse(status: u32, code: *const u8, code_len: usize, text: *const u8, text_len: usize) -> i32;
        pub fn realm_host_usage(dst: *mut Usage, size: usize) -> i32;
    }
}

/// What a host function answered below zero; `docs/guest-abi.md` says what each number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(pub i32);

/// The result is larger than the buffer; this crate fetches it by itself.
pub const RESULT_TOO_LARGE: i32 = -6;
/// There is no such key.
pub const NO_SUCH_KEY: i32 = -19;
/// The value is another than the one to be replaced.
pub const STALE: i32 = -21;

fn count(n: i32) -> Result<usize, Error> {
    if n < 0 { Err(Error(n)) } else { Ok(n as usize) }
}

fn copied(ask: impl Fn(*mut u8, usize) -> i32) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; count(ask(core::ptr::null_mut(), 0))?];
    count(ask(bytes.as_mut_ptr(), bytes.len()))?;
    Ok(bytes)
}

/// The options of a generation, as the host handed them out.
pub struct Options(*mut u8);

impl Options {
    /// # Safety
    /// `at` is the last argument of `generate`.
    pub unsafe fn at(at: *mut u8) -> Self {
        Options(at)
    }

    fn put<const N: usize>(&mut self, offset: usize, bytes: [u8; N], bit: u32) {
        unsafe {
            self.0.add(offset).cast::<[u8; N]>().write_unaligned(bytes);
            let present = self.0.add(32).cast::<u32>();
            present.write_unaligned(present.read_unaligned() | 1 << bit);
        }
    }

    pub fn max_tokens(&mut self, value: u32) {
        self.put(0, value.to_le_bytes(), 0);
    }

    pub fn temperature(&mut self, value: f32) {
        self.put(4, value.to_le_bytes(), 1);
    }

    pub fn top_p(&mut self, value: f32) {
        self.put(8, value.to_le_bytes(), 2);
    }

    pub fn top_k(&mut self, value: u32) {
        self.put(12, value.to_le_bytes(), 3);
    }

    pub fn seed(&mut self, value: u64) {
        self.put(40, value.to_le_bytes(), 5);
    }

    /// Log-probabilities of the tokens, with so many alternatives.
    pub fn log_probs(&mut self, alternatives: u32) {
        self.put(68, alternatives.to_le_bytes(), 16);
    }

    /// Whether pieces go to the client as they are generated.
    pub fn stream(&mut self, on: bool) {
        unsafe {
            let flags = self.0.add(26);
            flags.write(flags.read() & !1 | on as u8);
        }
    }
}

/// Generates; the whole text, however long.
pub fn generate(model: u32, prompt: &str, options: &Options) -> Result<String, Error> {
    let mut out = vec![0u8; 4096];
    let n = unsafe { host::realm_host_generate(model, prompt.as_ptr(), prompt.len(), options.0, out.as_mut_ptr(), out.len()) };
    let mut len = if n == RESULT_TOO_LARGE { out.len() } else { count(n)? };
    while n == RESULT_TOO_LARGE && len == out.len() {
        out = vec![0; out.len() * 4];
        len = count(unsafe { host::realm_host_result(0, out.as_mut_ptr(), out.len()) })?;
    }
    out.truncate(len.saturating_sub(1)); // its NUL
    Ok(unsafe { String::from_utf8_unchecked(out) })
}

/// What the request has used, and what is left of it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Usage {
    /// Tokens of the last generation: prompt, cached, generated.
    pub last: [u32; 3],
    /// The same of all.
    pub all: [u32; 3],
    pub cpu_micros: u64,
    pub millis_left: u32,
    pub tokens_left: u32,
}

pub fn usage() -> Usage {
    let mut usage = Usage::default();
    unsafe { host::realm_host_usage(&mut usage, core::mem::size_of::<Usage>()) };
    usage
}

/// Messages as the model's template renders them; `open`: an answer of the assistant is to follow.
pub fn render(model: u32, json: &str, open: bool) -> Result<String, Error> {
    let bytes = copied(|dst, max| unsafe { host::realm_host_render(model, json.as_ptr(), json.len(), open as u32, dst, max) })?;
    Ok(unsafe { String::from_utf8_unchecked(bytes) })
}

/// What a model is, as JSON.
pub fn model(id: u32) -> Result<String, Error> {
    let bytes = copied(|dst, max| unsafe { host::realm_host_model(id, dst, max) })?;
    Ok(unsafe { String::from_utf8_unchecked(bytes) })
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    ContentFilter,
    ToolCalls,
}

pub fn finish(reason: Finish) {
    unsafe { host::realm_host_finish(reason as u32) };
}

/// A call of a tool for the client to do; the arguments are JSON.
pub fn tool_call(id: &str, name: &str, args: &str) -> Result<(), Error> {
    count(unsafe { host::realm_host_tool_call(id.as_ptr(), id.len(), name.as_ptr(), name.len(), args.as_ptr(), args.len()) }).map(|_| ())
}

/// Tells the client, if it asked for events.
pub fn event(name: &str, json: &str) -> Result<(), Error> {
    count(unsafe { host::realm_host_event(name.as_ptr(), name.len(), json.as_ptr(), json.len()) }).map(|_| ())
}

/// Ends the request with an error of the guest's own: 400, 403, 409, 422 or 429. Returns only when that cannot be.
pub fn refuse(status: u32, code: &str, text: &str) -> Error {
    Error(unsafe { host::realm_host_refuse(status, code.as_ptr(), code.len(), text.as_ptr(), text.len()) })
}

/// A token of the last generation, when it was asked for log-probabilities.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Token {
    pub id: u32,
    pub log_prob: f32,
    /// Bytes of the result up to the end of the piece that shows it.
    pub end: u32,
    count: u32,
}

/// The tokens from number `first` on, which were generated with `log_probs` 0.
pub fn tokens(first: u32) -> Result<Vec<Token>, Error> {
    let size = core::mem::size_of::<Token>();
    let all = count(unsafe { host::realm_host_pieces(first, core::ptr::null_mut(), 0) })?;
    let mut records = Vec::with_capacity(all - first as usize);
    let room = records.capacity() * size;
    unsafe {
        count(host::realm_host_pieces(first, records.as_mut_ptr() as *mut u8, room))?;
        records.set_len(all - first as usize);
    }
    Ok(records)
}

/// Sends text to the client now.
pub fn emit(text: &str) -> Result<(), Error> {
    count(unsafe { host::realm_host_emit(text.as_ptr(), text.len()) }).map(|_| ())
}

/// How many tokens a text is.
pub fn count_tokens(model: u32, text: &str) -> Result<usize, Error> {
    count(unsafe { host::realm_host_tokenize(model, text.as_ptr(), text.len(), core::ptr::null_mut(), 0) })
}

/// 0 error, 1 warning, 2 information, 3 debug.
pub fn log(level: u32, text: &str) {
    unsafe { host::realm_host_log(level, text.as_ptr(), text.len()) }
}

/// Why the last host function failed.
pub fn last_error() -> String {
    let bytes = copied(|dst, max| unsafe { host::realm_host_last_error(dst, max) }).unwrap_or_default();
    unsafe { String::from_utf8_unchecked(bytes) }
}

/// The request as JSON.
pub fn request() -> String {
    let bytes = copied(|dst, max| unsafe { host::realm_host_request(dst, max) }).unwrap_or_default();
    unsafe { String::from_utf8_unchecked(bytes) }
}

/// A setting that the operator gave this guest.
pub fn setting(key: &str) -> Option<String> {
    let bytes = copied(|dst, max| unsafe { host::realm_host_config(key.as_ptr(), key.len(), dst, max) }).ok()?;
    String::from_utf8(bytes).ok()
}

/// A value of the tenant's own store.
pub fn kv_get(key: &[u8]) -> Option<Vec<u8>> {
    copied(|dst, max| unsafe { host::realm_host_kv_get(key.as_ptr(), key.len(), dst, max) }).ok()
}

/// Keeps a value for later requests.
pub fn kv_set(key: &[u8], value: &[u8]) -> Result<(), Error> {
    count(unsafe { host::realm_host_kv_set(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }).map(|_| ())
}

/// Forgets a value.
pub fn kv_delete(key: &[u8]) -> Result<(), Error> {
    count(unsafe { host::realm_host_kv_delete(key.as_ptr(), key.len()) }).map(|_| ())
}

/// Adds to a counter, which is 0 at first, whoever else adds to it at the same time; the sum.
pub fn kv_add(key: &[u8], delta: i64) -> Result<i64, Error> {
    let mut sum = 0;
    count(unsafe { host::realm_host_kv_add(key.as_ptr(), key.len(), delta, &mut sum) }).map(|_| sum)
}

/// Puts `new` in the place of `old` if that is the value; `None` is no value. False when it is another.
pub fn kv_swap(key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Result<bool, Error> {
    let part = |v: Option<&[u8]>| v.map_or((core::ptr::null(), usize::MAX), |b| (b.as_ptr(), b.len()));
    let ((old, old_len), (new, new_len)) = (part(old), part(new));
    match unsafe { host::realm_host_kv_swap(key.as_ptr(), key.len(), old, old_len, new, new_len) } {
        STALE => Ok(false),
        n => count(n).map(|_| true),
    }
}

/// As [`kv_set`], but for so many seconds, 0 for ever; other servers see it at once.
pub fn kv_put(key: &[u8], value: &[u8], seconds: u32) -> Result<(), Error> {
    count(unsafe { host::realm_host_kv_put(key.as_ptr(), key.len(), value.as_ptr(), value.len(), seconds) }).map(|_| ())
}

/// Keys with the number that comes with each: u32 length, u32 number, key.
fn records(mut bytes: &[u8]) -> Vec<(Vec<u8>, u32)> {
    let mut all = Vec::new();
    while bytes.len() >= 8 {
        let len = u32_at(bytes, 0) as usize;
        all.push((bytes[8..8 + len].to_vec(), u32_at(bytes, 4)));
        bytes = &bytes[8 + len..];
    }
    all
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The next keys that begin with `prefix` and come after that one, with the lengths of their values; none at the end.
pub fn kv_list(prefix: &[u8], after: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, Error> {
    let mut room = vec![0u8; 16384];
    let n = count(unsafe { host::realm_host_kv_list(prefix.as_ptr(), prefix.len(), after.as_ptr(), after.len(), room.as_mut_ptr(), room.len()) })?;
    Ok(records(&room[..n]))
}

/// A vector as it is stored: `kv_set(key, &vector(&v))`.
pub fn vector(v: &[f32]) -> Vec<u8> {
    v.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// The keys with this prefix whose vectors are nearest, nearest first, with their cosines; 100 at most.
pub fn search(prefix: &[u8], vector: &[f32], most: usize) -> Result<Vec<(Vec<u8>, f32)>, Error> {
    let mut room = vec![0u8; 100 * 1032];
    let n = count(unsafe {
        host::realm_host_vec_search(prefix.as_ptr(), prefix.len(), vector.as_ptr(), vector.len(), most.min(100), room.as_mut_ptr(), room.len())
    })?;
    Ok(records(&room[..n]).into_iter().map(|(key, bits)| (key, f32::from_bits(bits))).collect())
}

/// The vector of a text by an encoder, which has length 1.
pub fn embed(model: u32, text: &str) -> Result<Vec<f32>, Error> {
    let mut v = vec![0f32; 4096];
    let n = count(unsafe { host::realm_host_embed(model, text.as_ptr(), text.len(), v.as_mut_ptr(), v.len()) })?;
    v.truncate(n);
    Ok(v)
}

/// Another machine's answer; its headers are a JSON object.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u32,
    pub headers: String,
    pub body: Vec<u8>,
}

/// Sends a request, which is JSON with `url`, and `method` and `headers` if wanted.
pub fn http(request: &str, body: &[u8]) -> Result<Response, Error> {
    let mut out = vec![0u8; 65536];
    let n = unsafe { host::realm_host_http(request.as_ptr(), request.len(), body.as_ptr(), body.len(), out.as_mut_ptr(), out.len()) };
    let mut len = if n == RESULT_TOO_LARGE { out.len() } else { count(n)? };
    while n == RESULT_TOO_LARGE && len == out.len() {
        out = vec![0; out.len() * 4];
        len = count(unsafe { host::realm_host_result(0, out.as_mut_ptr(), out.len()) })?;
    }
    let head = 8 + u32_at(&out, 4) as usize;
    let headers = unsafe { String::from_utf8_unchecked(out[8..head].to_vec()) };
    Ok(Response { status: u32_at(&out, 0), headers, body: out[head..len].to_vec() })
}

/// A text as `generate` returns it: ended by a NUL, and never freed, because the instance ends with the request.
pub fn answer(text: String) -> *const u8 {
    let mut bytes = text.into_bytes();
    bytes.push(0);
    bytes.leak().as_ptr()
}

/// Takes memory from the end of the heap and gives none back.
pub struct Bump;

static mut NEXT: usize = 0;

extern "C" {
    static __heap_base: u8;
}

unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = if NEXT == 0 { core::ptr::addr_of!(__heap_base) as usize } else { NEXT };
        let align = layout.align().max(8);
        let at = (start + align - 1) & !(align - 1);
        let end = match at.checked_add(layout.size()) {
            Some(end) if end <= 0xffff_0000 => end,
            _ => return core::ptr::null_mut(),
        };
        let size = core::arch::wasm32::memory_size(0) << 16;
        if end > size && core::arch::wasm32::memory_grow(0, (end - size + 65535) >> 16) == usize::MAX {
            return core::ptr::null_mut();
        }
        NEXT = end;
        at as *mut u8
    }

    unsafe fn dealloc(&self, _ptr: *mut u8, _layout: Layout) {}
}

/// Memory for the host.
pub fn allocate(len: usize) -> *mut u8 {
    match Layout::from_size_align(len, 8) {
        Ok(layout) => unsafe { GlobalAlloc::alloc(&Bump, layout) },
        Err(_) => core::ptr::null_mut(),
    }
}

/// Exports a guest: `guest!(run)` with `fn run(prompt: &str, model: u32, options: Options) -> Result<String, Error>`.
#[macro_export]
macro_rules! guest {
    ($run:path) => {
        #[global_allocator]
        static ALLOCATOR: $crate::Bump = $crate::Bump;

        #[panic_handler]
        fn panic(_info: &core::panic::PanicInfo) -> ! {
            core::arch::wasm32::unreachable()
        }

        #[no_mangle]
        pub extern "C" fn realm_alloc(len: usize) -> *mut u8 {
            $crate::allocate(len)
        }

        #[no_mangle]
        pub extern "C" fn realm_abi_version() -> i32 {
            1
        }

        #[no_mangle]
        pub unsafe extern "C" fn generate(prompt: *const u8, len: usize, model: u32, options: *mut u8) -> *const u8 {
            let prompt = core::str::from_utf8_unchecked(core::slice::from_raw_parts(prompt, len));
            match $run(prompt, model, $crate::Options::at(options)) {
                Ok(text) => $crate::answer(text),
                Err(_) => core::ptr::null(),
            }
        }
    };
}

/// Exports what the tenant's timetable calls: `schedule!(run)` with `fn run(name: &str) -> Result<(), Error>`, beside [`guest!`].
#[macro_export]
macro_rules! schedule {
    ($run:path) => {
        #[no_mangle]
        pub unsafe extern "C" fn on_schedule(name: *const u8, len: usize) -> i32 {
            match $run(core::str::from_utf8_unchecked(core::slice::from_raw_parts(name, len))) {
                Ok(()) => 0,
                Err(e) => e.0,
            }
        }
    };
}
